using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Lora;

/// <summary>Adapters on disk as PEFT writes them: adapter_config.json and adapter_model.safetensors.</summary>
public static class PeftAdapter
{
    public const string ConfigName = "adapter_config.json";
    public const string WeightsName = "adapter_model.safetensors";

    /// <summary>What the weights' file says of itself; transformers refuses files without it.</summary>
    public static IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string> { ["format"] = "pt" };

    /// <summary>Key of one factor, e.g. <c>base_model.model.model.layers.0.mlp.down_proj.lora_A.weight</c>.</summary>
    public static string Key(LinearSite site, bool isA) => $"base_model.model.{site.Name}.lora_{(isA ? 'A' : 'B')}.weight";

    /// <summary>Of DoRA's norms.</summary>
    public static string NormsKey(LinearSite site) => $"base_model.model.{site.Name}.lora_magnitude_vector";

    /// <summary>Every factor under its PEFT key.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Tensors(LoraAdapter adapter)
    {
        foreach (var (site, a, b) in adapter.Factors())
        {
            yield return new(Key(site, true), a);
            yield return new(Key(site, false), b);
        }
        foreach (var (site, norms) in adapter.Norms()) yield return new(NormsKey(site), norms);
    }

    /// <param name="baseModel">Name or path written as <c>base_model_name_or_path</c>.</param>
    public static void Save(LoraAdapter adapter, string folder, string baseModel)
    {
        Directory.CreateDirectory(folder);
        using var scope = NewDisposeScope();
        SafetensorsFile.Save(Path.Combine(folder, WeightsName), Tensors(adapter), Metadata);
        File.WriteAllText(Path.Combine(folder, ConfigName), ConfigJson(adapter, baseModel));
    }

    public static string ConfigJson(LoraAdapter adapter, string baseModel)
    {
        var spec = adapter.Spec;
        // peft knows all-linear too, but takes more for linear than we do (a router, say): names leave no doubt.
        var named = spec.Targets.Contains(ModuleNames.AllLinear) ? adapter.Sites.Select(site => site.Name.Split('.')[^1]).Distinct() : spec.Targets;
        return new JsonObject
        {
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["exclude_modules"] = spec.Exclude.IsEmpty ? null : Json(spec.Exclude, spec.Exclude),
            ["fan_in_fan_out"] = adapter.Sites.All(site => site.Transposed),
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["lora_alpha"] = spec.Alpha == Math.Floor(spec.Alpha) ? (int)spec.Alpha : spec.Alpha,
            ["lora_dropout"] = spec.Dropout,
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = spec.Rank,
            ["target_modules"] = Json(spec.Targets, named),
            ["task_type"] = adapter.OfEncoderDecoder ? "SEQ_2_SEQ_LM" : "CAUSAL_LM",
            ["use_dora"] = spec.Dora,
            ["use_rslora"] = spec.RankStabilised,
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";

        static JsonNode Json(ModuleNames modules, IEnumerable<string> names) => modules.Pattern is { } pattern ? JsonValue.Create(pattern) : new JsonArray([.. names.Order(StringComparer.Ordinal).Select(n => JsonValue.Create(n))]);
    }

    /// <summary>Loads an adapter strictly: every key and shape must fit the model; all mismatches are listed at once.</summary>
    /// <exception cref="ModelFormatException">Missing files, an unsupported kind of adapter, keys or shapes that do not fit.</exception>
    public static LoraAdapter Load(LanguageModel model, string folder)
    {
        var spec = LoadSpec(Path.Combine(folder, ConfigName));
        using var scope = NewDisposeScope();
        return FromTensors(model, spec, SafetensorsFile.Load(Path.Combine(folder, WeightsName)), folder);
    }

    /// <summary>Builds an adapter from PEFT-keyed tensors; <paramref name="source"/> names them in errors.</summary>
    public static LoraAdapter FromTensors(LanguageModel model, LoraSpec spec, IReadOnlyDictionary<string, Tensor> tensors, string source)
    {
        var problems = new List<string>();
        IReadOnlyList<LinearSite> sites;
        try
        {
            sites = LoraTargets.Select(model.Linears, spec);
        }
        catch (UserFaultException e)
        {
            // What fits is looked at all the same: every mismatch is told at once.
            problems.AddRange(e.Problems.Select(p => $"{source}: {p}"));
            sites = LoraTargets.Named(model.Linears, spec);
        }
        var expected = sites.SelectMany(site => new[] { (Key(site, true), new long[] { spec.Rank, site.In }), (Key(site, false), [site.Out, spec.Rank]) })
            .Concat(sites.Where(_ => spec.Dora).Select(site => (NormsKey(site), new long[] { site.Out }))).ToList();
        foreach (var (key, shape) in expected)
        {
            if (!tensors.TryGetValue(key, out var tensor)) problems.Add($"{source}: tensor {key} is missing.");
            else if (!tensor.shape.SequenceEqual(shape))
                problems.Add($"{source}: tensor {key} is [{string.Join(", ", tensor.shape)}], expected [{string.Join(", ", shape)}]. The adapter belongs to another base model or rank.");
        }
        foreach (var key in tensors.Keys.Except(expected.Select(e => e.Item1)).Order(StringComparer.Ordinal))
            problems.Add($"{source}: tensor {key} fits no target layer of this model.");
        if (problems.Count > 0) throw new ModelFormatException(problems);
        return LoraAdapter.From(model, spec, (site, isA) => tensors[Key(site, isA)], spec.Dora ? site => tensors[NormsKey(site)] : null);
    }

    private static LoraSpec LoadSpec(string path)
    {
        if (!File.Exists(path)) throw new ModelFormatException([$"{path} is missing. A PEFT adapter is a folder with {ConfigName} and {WeightsName}."]);
        using var document = ModelJson.Read(path);
        var root = document.RootElement;
        var problems = new List<string>();
        Require("peft_type", v => v.ValueKind == JsonValueKind.String && v.GetString() == "LORA", "only LORA adapters can be loaded");
        Require("bias", v => v.ValueKind == JsonValueKind.String && v.GetString() == "none", "trained biases are not supported");
        // What fan_in_fan_out says of the base model's storage is known from the model itself.
        foreach (var key in new[] { "lora_bias", "use_qalora", "use_bdlora" })
            Require(key, v => v.ValueKind != JsonValueKind.True, "not supported");
        foreach (var key in new[] { "modules_to_save", "layers_to_transform", "rank_pattern", "alpha_pattern", "layer_replication" })
            Require(key, IsEmpty, "not supported");
        var (targets, exclude) = (Modules("target_modules"), Modules("exclude_modules"));
        if (targets.IsEmpty) problems.Add($"{path}: target_modules names no module.");
        if (!root.TryGetProperty("r", out var r) || r.ValueKind != JsonValueKind.Number || !r.TryGetInt32(out var rank) || rank < 1)
        {
            problems.Add($"{path}: r must be a positive whole number.");
            rank = 1;
        }
        var alpha = Number("lora_alpha", rank, a => double.IsFinite(a), "a number");
        var dropout = Number("lora_dropout", 0, d => d is >= 0 and < 1, "a number from 0 to below 1");
        if (problems.Count > 0) throw new ModelFormatException(problems);
        return new LoraSpec
        {
            Rank = rank,
            Alpha = alpha,
            Dropout = dropout,
            RankStabilised = root.TryGetProperty("use_rslora", out var rs) && rs.ValueKind == JsonValueKind.True,
            Dora = root.TryGetProperty("use_dora", out var dora) && dora.ValueKind == JsonValueKind.True,
            Targets = targets,
            Exclude = exclude,
        };

        double Number(string key, double otherwise, Func<double, bool> isSound, string expected)
        {
            if (!root.TryGetProperty(key, out var v)) return otherwise;
            if (v.ValueKind == JsonValueKind.Number && isSound(v.GetDouble())) return v.GetDouble();
            problems.Add($"{path}: {key} is {(v.GetRawText() is { Length: > 60 } text ? text[..60] + "..." : v.GetRawText())}; {expected} is expected.");
            return otherwise;
        }

        ModuleNames Modules(string key)
        {
            if (!root.TryGetProperty(key, out var t)) return [];
            switch (t.ValueKind)
            {
                case JsonValueKind.String when t.GetString() == ModuleNames.AllLinear:
                    return [ModuleNames.AllLinear];
                case JsonValueKind.String:
                    try
                    {
                        return ModuleNames.Matching(t.GetString()!);
                    }
                    catch (ArgumentException e)
                    {
                        problems.Add($"{path}: {key} is no regular expression: {e.Message}");
                        return [];
                    }
                case JsonValueKind.Array when t.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String):
                    return [.. t.EnumerateArray().Select(e => e.GetString()!)];
                case JsonValueKind.Null:
                    return [];
                default:
                    problems.Add($"{path}: {key} must be a list of names or one regular expression.");
                    return [];
            }
        }

        void Require(string key, Func<JsonElement, bool> holds, string why)
        {
            if (root.TryGetProperty(key, out var value) && !holds(value)) problems.Add($"{path}: {key} is {value.GetRawText()}: {why}.");
        }

        static bool IsEmpty(JsonElement v) => v.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.Object => !v.EnumerateObject().Any(),
            JsonValueKind.Array => v.GetArrayLength() == 0,
            _ => false,
        };
    }
}
