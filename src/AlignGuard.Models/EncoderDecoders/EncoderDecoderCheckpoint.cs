using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using static TorchSharp.torch;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>Loads T5 and mT5 in Hugging Face layout.</summary>
public static class EncoderDecoderCheckpoint
{
    /// <summary>Reads config.json and the weights, checking every name, shape and value before anything is computed.</summary>
    /// <param name="dtype">Type to compute in; default float32.</param>
    /// <exception cref="ModelFormatException">All missing, misshapen and non-finite tensors at once.</exception>
    public static EncoderDecoderModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        var config = EncoderDecoderConfigFile.Load(Path.Combine(folder, "config.json"));
        using var checkpoint = Checkpoint.Open(folder);
        config = WithHead(config, checkpoint);
        return new EncoderDecoderModel(config, CheckpointWeights.Read(folder, checkpoint, Wanted(config, checkpoint), IsUnused, dtype, device));
    }

    internal static IReadOnlyList<WantedTensor> Wanted(EncoderDecoderConfig config, Checkpoint checkpoint) =>
        [.. EncoderDecoderShapes.Of(WithHead(config, checkpoint)).Select(t => new WantedTensor(t.Name, t.Shape, Stored(checkpoint, t.Name)))];

    /// <summary>A head in the file is used, whatever the configuration says of it: 5.x calls every T5 tied.</summary>
    private static EncoderDecoderConfig WithHead(EncoderDecoderConfig config, Checkpoint checkpoint) => checkpoint.Contains(EncoderDecoderShapes.Head) ? config with { TieWordEmbeddings = false } : config;

    /// <summary>A file may keep the one embedding under the name of a stack's.</summary>
    private static string Stored(Checkpoint checkpoint, string name) =>
        name == EncoderDecoderShapes.Embedding && !checkpoint.Contains(name) ? new[] { "encoder.embed_tokens.weight", "decoder.embed_tokens.weight" }.FirstOrDefault(checkpoint.Contains) ?? name : name;

    /// <summary>Copies of the embedding, and a table of the first conversions that no model has.</summary>
    private static bool IsUnused(string name) =>
        name is "encoder.embed_tokens.weight" or "decoder.embed_tokens.weight" or "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
}
