using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>Loads decoder-only models in Hugging Face layout, and saves them as the family they are.</summary>
public static class DecoderCheckpoint
{
    /// <summary>Reads config.json and the weights, checking every name, shape and value before anything is computed.</summary>
    /// <param name="dtype">Type to compute in; default float32.</param>
    /// <exception cref="ModelFormatException">All missing, misshapen and non-finite tensors at once.</exception>
    public static DecoderModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        LanguageCheckpoint.RequireFolder(folder);
        var config = ModelConfigFile.Load(Path.Combine(folder, "config.json"));
        using var checkpoint = Checkpoint.Open(folder);
        return new DecoderModel(config, CheckpointWeights.Read(folder, checkpoint, StoredWeights.Of(config, checkpoint), name => IsUnused(name, config), dtype, device));
    }

    /// <summary>Writes config.json and model.safetensors under the family's published names; a tokenizer is the caller's. What came from a folder is written as it lay there by <see cref="CheckpointWriter"/>.</summary>
    /// <param name="dtype">Type on disk.</param>
    /// <exception cref="ModelFormatException">The configuration cannot be written as what it is (<see cref="ModelConfigFile.Write"/>); nothing is written then.</exception>
    public static void Save(DecoderModel model, string folder, ScalarType dtype = ScalarType.Float32)
    {
        var config = ModelConfigFile.Write(model.Config, dtype);
        Directory.CreateDirectory(folder);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        SafetensorsFile.Save(Path.Combine(folder, "model.safetensors"),
            model.Weights.Select(w => KeyValuePair.Create(w.Key, Lying(model.Config, w.Key, w.Value.detach()).to(dtype).cpu().contiguous())),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static Tensor Lying(DecoderConfig config, string name, Tensor weight) => DecoderShapes.IsTransposed(config, name, weight.shape) ? weight.t() : weight;

    /// <summary>A tied checkpoint may still carry the head; older exports carry rotary buffers and causal masks.</summary>
    private static bool IsUnused(string name, DecoderConfig config) =>
        name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal)
        || (config.TieWordEmbeddings && name == "lm_head.weight");
}
