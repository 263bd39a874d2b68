using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Llama;

/// <summary>Loads and saves Llamas in Hugging Face layout.</summary>
public static class LlamaCheckpoint
{
    /// <summary>Reads config.json and the weights, checking every name, shape and value before anything is computed.</summary>
    /// <param name="dtype">Type to compute in; default float32.</param>
    /// <exception cref="ModelFormatException">All missing, misshapen and non-finite tensors at once.</exception>
    public static LlamaModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        if (!Directory.Exists(folder))
            throw new ModelFormatException([$"There is no model folder {folder}. Point `model` at a Hugging Face folder (config.json, model.safetensors, tokenizer.json)."]);
        var config = LlamaConfigFile.Load(Path.Combine(folder, "config.json"));
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(folder);
        var expected = LlamaShapes.Of(config).ToList();
        var problems = Problems(checkpoint, expected, config);
        if (problems.Count > 0) throw new ModelFormatException([.. problems.Select(p => $"{folder}: {p}")]);

        var weights = new Dictionary<string, Tensor>();
        foreach (var (name, _) in expected)
        {
            var weight = checkpoint.Read(name);
            if (!weight.isfinite().all().item<bool>())
                problems.Add($"{folder}: tensor {name} holds NaN or infinity. The file is damaged or the training that wrote it diverged; use an intact checkpoint.");
            weights.Add(name, weight.to(dtype).to(device ?? CPU));
        }
        if (problems.Count > 0) throw new ModelFormatException(problems);
        return new LlamaModel(config, weights);
    }

    /// <param name="dtype">Type on disk.</param>
    public static void Save(LlamaModel model, string folder, ScalarType dtype = ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        File.WriteAllText(Path.Combine(folder, "config.json"), LlamaConfigFile.Write(model.Config));
        SafetensorsFile.Save(Path.Combine(folder, "model.safetensors"),
            model.Weights.Select(w => KeyValuePair.Create(w.Key, w.Value.detach().to(dtype).cpu())),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static List<string> Problems(Checkpoint checkpoint, List<(string Name, long[] Shape)> expected, LlamaConfig config)
    {
        var problems = new List<string>();
        var names = checkpoint.Names.ToHashSet();
        foreach (var (name, shape) in expected)
        {
            if (!names.Remove(name))
            {
                problems.Add($"tensor {name} is missing.");
                continue;
            }
            var found = checkpoint.Info(name).Shape;
            if (!found.SequenceEqual(shape))
                problems.Add($"tensor {name} is [{string.Join(", ", found)}], config.json implies [{string.Join(", ", shape)}].");
        }
        // A tied checkpoint may still carry the head; older exports carry rotary buffers. Neither is used.
        names.RemoveWhere(n => n.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || (config.TieWordEmbeddings && n == "lm_head.weight"));
        problems.AddRange(names.Order(StringComparer.Ordinal).Select(name => $"tensor {name} belongs to no part of a Llama with this config.json."));
        return problems;
    }
}
