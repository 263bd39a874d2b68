using AlignGuard.Models.Decoders;
using AlignGuard.Models.EncoderDecoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests.Families;

/// <summary>Writes tiny checkpoints of any family in its published layout. No weight is one that would hide what it does: norms and biases are random too.</summary>
internal static class TinyFamily
{
    /// <summary>Writes config.json and model.safetensors.</summary>
    public static void Write(string folder, string config, ulong seed = 1)
    {
        var path = Path.Combine(folder, "config.json");
        File.WriteAllText(path, config);
        using var scope = NewDisposeScope();
        if (LanguageCheckpoint.DecoderStartId(folder) is not null)
        {
            using var generator = new Generator(seed);
            SafetensorsFile.Save(Path.Combine(folder, "model.safetensors"),
                EncoderDecoderShapes.Of(EncoderDecoderConfigFile.Load(path)).Select(t => KeyValuePair.Create(t.Name, randn(t.Shape, generator: generator) * 0.2 + (t.Shape.Length == 1 ? 1 : 0))));
            return;
        }
        var shape = ModelConfigFile.Load(path);
        SafetensorsFile.Save(Path.Combine(folder, "model.safetensors"), Weights(shape, seed).Select(w =>
            KeyValuePair.Create(w.Key, DecoderShapes.IsTransposed(shape, w.Key, w.Value.shape) ? w.Value.t().contiguous() : w.Value)));
    }

    public static DecoderModel Open(string folder, string config, ulong seed = 1)
    {
        Write(folder, config, seed);
        return DecoderCheckpoint.Load(folder);
    }

    /// <summary>By the model's names and in the model's orientation.</summary>
    private static Dictionary<string, Tensor> Weights(DecoderConfig c, ulong seed)
    {
        using var generator = new Generator(seed);
        return DecoderShapes.Of(c).ToDictionary(t => t.Name, t =>
        {
            var value = randn(t.Shape, generator: generator) * 0.3;
            return t.Shape.Length > 1 || t.Name.EndsWith("bias", StringComparison.Ordinal) || c.Norm == NormKind.RmsPlusOne ? value : 1 + value;
        });
    }

    /// <summary>Ids [1, length] that tell positions apart.</summary>
    public static Tensor Ids(int length, int vocabulary) => tensor(Enumerable.Range(0, length).Select(t => (long)((t * 7 + 3) % vocabulary)).ToArray()).view(1, length);
}
