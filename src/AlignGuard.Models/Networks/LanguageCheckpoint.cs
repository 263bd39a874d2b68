using AlignGuard.Models.Decoders;
using AlignGuard.Models.EncoderDecoders;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>Loads a model of any family that is computed here.</summary>
public static class LanguageCheckpoint
{
    /// <param name="folder">In Hugging Face layout.</param>
    /// <param name="dtype">Type to compute in; default float32.</param>
    /// <exception cref="ModelFormatException">Everything that is wrong with the folder.</exception>
    public static LanguageModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null) =>
        IsEncoderDecoder(folder) ? EncoderDecoderCheckpoint.Load(folder, dtype, device) : DecoderCheckpoint.Load(folder, dtype, device);

    /// <exception cref="ModelFormatException">There is no such folder.</exception>
    internal static void RequireFolder(string folder)
    {
        if (!Directory.Exists(folder)) throw new ModelFormatException([$"There is no model folder {folder}. Point `model` at a Hugging Face folder (config.json, model.safetensors, tokenizer.json)."]);
    }

    /// <summary>What an answer begins behind, by config.json; null = a decoder-only model, or no config.json.</summary>
    /// <exception cref="ModelFormatException">config.json is damaged.</exception>
    public static int? DecoderStartId(string folder) => IsEncoderDecoder(folder) ? EncoderDecoderConfigFile.Load(Path.Combine(folder, "config.json")).DecoderStartId : null;

    /// <summary>The tensors of a folder's model, as they lie in its file.</summary>
    internal static IReadOnlyList<WantedTensor> Wanted(string folder, Checkpoint checkpoint)
    {
        var config = Path.Combine(folder, "config.json");
        return IsEncoderDecoder(folder) ? EncoderDecoderCheckpoint.Wanted(EncoderDecoderConfigFile.Load(config), checkpoint) : StoredWeights.Of(ModelConfigFile.Load(config), checkpoint);
    }

    private static bool IsEncoderDecoder(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        if (!File.Exists(path)) return false;
        using var document = ModelJson.Read(path);
        return document.RootElement.TryGetProperty("model_type", out var type) && EncoderDecoderConfigFile.ModelTypes.Contains(type.ToString());
    }
}
