using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>Loads decoder-only models in Hugging Face layout, and saves Llamas.</summary>
public static class DecoderCheckpoint
{
    /// <summary>Reads config.json and the weights, checking every name, shape and value before anything is computed.</summary>
    /// <param name="dtype">Type to compute in; default float32.</param>
    /// <exception cref="ModelFormatException">All missing, misshapen and non-finite tensors at once.</exception>
    public static DecoderModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        if (!Directory.Exists(folder))
            throw new ModelFormatException([$"There is no model folder {folder}. Point `model` at a Hugging Face folder (config.json, model.safetensors, tokenizer.json)."]);
        var config = ModelConfigFile.Load(Path.Combine(folder, "config.json"));
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(folder);
        var expected = DecoderShapes.Of(config).ToList();
        var problems = Problems(checkpoint, expected, config);
        if (problems.Count > 0) throw new ModelFormatException([.. problems.Select(p => $"{folder}: {p}")]);

        var weights = new Dictionary<string, Tensor>();
        foreach (var (name, shape) in expected)
        {
            // One at a time: what was read does not stay beside what is kept.
            using var one = NewDisposeScope();
            var weight = checkpoint.Read(Stored(checkpoint, name));
            if (!weight.isfinite().all().item<bool>())
                problems.Add($"{folder}: tensor {name} holds NaN or infinity. The file is damaged or the training that wrote it diverged; use an intact checkpoint.");
            if (DecoderShapes.IsTransposed(config, name, shape)) weight = weight.t().contiguous();
            weights.Add(name, weight.to(dtype).to(device ?? CPU).MoveToOuterDisposeScope());
        }
        if (problems.Count > 0) throw new ModelFormatException(problems);
        return new DecoderModel(config, weights);
    }

    /// <param name="dtype">Type on disk.</param>
    public static void Save(DecoderModel model, string folder, ScalarType dtype = ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        File.WriteAllText(Path.Combine(folder, "config.json"), ModelConfigFile.Write(model.Config));
        SafetensorsFile.Save(Path.Combine(folder, "model.safetensors"),
            model.Weights.Select(w => KeyValuePair.Create(w.Key, w.Value.detach().to(dtype).cpu())),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static List<string> Problems(Checkpoint checkpoint, List<(string Name, long[] Shape)> expected, DecoderConfig config)
    {
        var problems = new List<string>();
        var names = checkpoint.Names.ToHashSet();
        foreach (var (name, shape) in expected)
        {
            var stored = Stored(checkpoint, name);
            if (!names.Remove(stored))
            {
                problems.Add($"tensor {name} is missing.");
                continue;
            }
            var found = checkpoint.Info(stored).Shape;
            long[] wanted = DecoderShapes.IsTransposed(config, name, shape) ? [.. shape.Reverse()] : shape;
            if (!found.SequenceEqual(wanted))
                problems.Add($"tensor {name} is [{string.Join(", ", found)}], config.json implies [{string.Join(", ", wanted)}].");
        }
        // A tied checkpoint may still carry the head; older exports carry rotary buffers and causal masks. None is used.
        names.RemoveWhere(n => n.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || n.EndsWith(".attn.bias", StringComparison.Ordinal) || n.EndsWith(".attn.masked_bias", StringComparison.Ordinal) || (config.TieWordEmbeddings && n == "lm_head.weight"));
        problems.AddRange(names.Order(StringComparer.Ordinal).Select(name => $"tensor {name} belongs to no part of a model with this config.json."));
        return problems;
    }

    /// <summary>Files of GPT-2's base class leave the model's own name out.</summary>
    private static string Stored(Checkpoint checkpoint, string name) =>
        !checkpoint.Contains(name) && name.StartsWith("transformer.", StringComparison.Ordinal) && checkpoint.Contains(name["transformer.".Length..]) ? name["transformer.".Length..] : name;
}
