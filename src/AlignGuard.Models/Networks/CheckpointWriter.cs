using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>Writes a model's weights as the checkpoint they came from has them: its configuration and tokenizer, its names and layouts; whatever family it is.</summary>
public static class CheckpointWriter
{
    /// <summary>Larger files are split, as transformers does. [bytes]</summary>
    public const long ShardBytes = 5_000_000_000;

    private static readonly string[] Weights = [".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack", ".onnx"];

    /// <param name="model">Loaded from <paramref name="source"/>; its weights may have changed since.</param>
    /// <param name="source">The folder it was loaded from.</param>
    /// <param name="target">Made where it is missing. Files of the same names are replaced.</param>
    /// <param name="dtype">Type on disk; null = each tensor's in the source.</param>
    /// <param name="shardBytes">Largest file of weights.</param>
    public static void SaveLike(LanguageModel model, string source, string target, ScalarType? dtype = null, long shardBytes = ShardBytes)
    {
        if (Path.GetFullPath(source) == Path.GetFullPath(target)) throw new UserFaultException([$"{target} is the model's own folder: name another, the base model would be lost."]);
        using var checkpoint = Checkpoint.Open(source);
        var stored = LanguageCheckpoint.Wanted(source, checkpoint).GroupBy(t => t.Stored).Select(g => new Stored(g.Key, [.. g], dtype ?? checkpoint.Info(g.Key).Dtype)).ToList();
        var shards = Shards(stored, shardBytes);
        Directory.CreateDirectory(target);
        CopyOthers(source, target, dtype);

        var map = new JsonObject();
        using var _ = no_grad();
        for (var n = 0; n < shards.Count; n++)
        {
            using var scope = NewDisposeScope();
            var name = shards.Count == 1 ? Checkpoint.SingleFile : string.Create(CultureInfo.InvariantCulture, $"model-{n + 1:d5}-of-{shards.Count:d5}.safetensors");
            SafetensorsFile.Save(Path.Combine(target, name), shards[n].Select(t => KeyValuePair.Create(t.Name, t.Of(model))), new Dictionary<string, string> { ["format"] = "pt" });
            foreach (var tensor in shards[n]) map.Add(tensor.Name, name);
        }
        if (shards.Count > 1)
            WriteText(Path.Combine(target, Checkpoint.IndexFile), new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = stored.Sum(t => t.Bytes) }, ["weight_map"] = map });
    }

    /// <summary>A tensor of the file, with what of the model it holds.</summary>
    private sealed record Stored(string Name, IReadOnlyList<WantedTensor> Parts, ScalarType Dtype)
    {
        public long Bytes => Parts[0].StoredShape.Aggregate(1L, (a, b) => a * b) * Dtype.ElementSize();

        public Tensor Of(LanguageModel model)
        {
            if (Parts[0].Pack is null)
            {
                var weight = model.Weights[Parts[0].Name].detach();
                return (Parts[0].Transposed ? weight.t() : weight).to(Dtype).cpu().contiguous();
            }
            var whole = empty(Parts[0].StoredShape, dtype: Dtype);
            foreach (var part in Parts) whole[part.Pack!.Expert].narrow(0, part.Pack.From, part.Shape[0]).copy_(model.Weights[part.Name].detach().to(Dtype).cpu());
            return whole;
        }
    }

    private static List<List<Stored>> Shards(IReadOnlyList<Stored> tensors, long most)
    {
        List<List<Stored>> shards = [[]];
        long size = 0;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && size + tensor.Bytes > most)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(tensor);
            size += tensor.Bytes;
        }
        return shards;
    }

    /// <summary>All but weights, their index and the model card, which is about another model.</summary>
    private static void CopyOthers(string source, string target, ScalarType? dtype)
    {
        foreach (var file in Directory.EnumerateFiles(source))
        {
            var name = Path.GetFileName(file);
            if (Weights.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase)) || name.EndsWith(".index.json", StringComparison.Ordinal) || name is "README.md" or ".gitattributes") continue;
            if (name == "config.json" && dtype is { } type) WriteConfig(file, Path.Combine(target, name), type);
            else AtomicFile.Write(Path.Combine(target, name), stream => stream.Write(File.ReadAllBytes(file)));
        }
    }

    /// <summary>The configuration names the type of the weights.</summary>
    private static void WriteConfig(string from, string to, ScalarType dtype)
    {
        var config = JsonNode.Parse(File.ReadAllBytes(from))!.AsObject();
        ModelConfigFile.NameDtype(config, dtype);
        WriteText(to, config);
    }

    private static void WriteText(string path, JsonObject json) =>
        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n")));
}
