using System.Text.Json;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>What config.json and tokenizer_config.json say about a classifier; each key may be absent, and so may the files.</summary>
/// <param name="Labels">By output; null without <c>id2label</c>.</param>
/// <param name="ProblemType"><c>multi_label_classification</c>, <c>single_label_classification</c>, <c>regression</c> or null.</param>
/// <param name="Positions">The most tokens that the model has positions for.</param>
/// <param name="TokenizerLength">The most tokens, as the tokenizer says.</param>
internal sealed record ClassifierConfig(IReadOnlyList<string>? Labels, string? ProblemType, int? Positions, int? TokenizerLength, int? PadId)
{
    /// <summary>Their positions begin behind the padding token's id, which takes those before it.</summary>
    private static readonly string[] OffsetPositions = ["roberta", "xlm-roberta", "camembert", "roberta-prelayernorm", "longformer", "xlm-roberta-xl"];

    private const int LongestText = 1 << 16;

    /// <exception cref="ModelFormatException">A key that is there is not what it should be: each of them.</exception>
    public static ClassifierConfig Read(ClassifierFolder files)
    {
        var config = new ClassifierConfig(null, null, null, null, null);
        if (File.Exists(files.Config)) config = ReadConfig(files.Config);
        if (!File.Exists(files.TokenizerConfig)) return config;
        using var document = ModelJson.Read(files.TokenizerConfig);
        // "No limit" is written as 1e30.
        return JsonKeys.Find(document.RootElement, "model_max_length") is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var length) && length is >= 8 and <= LongestText
            ? config with { TokenizerLength = (int)length } : config;
    }

    private static ClassifierConfig ReadConfig(string path)
    {
        using var document = ModelJson.Read(path);
        var root = document.RootElement;
        var keys = new JsonKeys(path);
        var labels = ReadLabels(root, keys);
        var padId = JsonKeys.Find(root, "pad_token_id") is { } pad ? keys.Id(pad, "pad_token_id") : null;
        var positions = JsonKeys.Find(root, "max_position_embeddings") is { } most ? keys.Id(most, "max_position_embeddings") : null;
        if (positions is not null && OffsetPositions.Contains(keys.String(root, "model_type", "model_type"), StringComparer.Ordinal)) positions -= (padId ?? 1) + 1;
        if (positions is < 8) keys.Add("max_position_embeddings", "leaves no room for a text.");
        var problemType = keys.String(root, "problem_type", "problem_type");
        keys.ThrowIfAny();
        return new ClassifierConfig(labels, problemType, positions, null, padId);
    }

    private static List<string>? ReadLabels(JsonElement root, JsonKeys keys)
    {
        if (keys.Object(root, "id2label", "id2label") is not { } map) return null;
        var labels = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, out var id) || id < 0) keys.Add($"id2label['{entry.Name}']", "is no number of an output.");
            else if (keys.Text(entry.Value, $"id2label['{entry.Name}']") is { } label) labels[id] = label;
        }
        if (keys.Ok && (labels.Count == 0 || labels.Keys.Last() != labels.Count - 1)) keys.Add("id2label", "must name the outputs 0, 1, 2 and so on, none left out.");
        if (keys.Ok && labels.Values.Distinct(StringComparer.Ordinal).Count() < labels.Count) keys.Add("id2label", "gives a label twice.");
        return keys.Ok ? [.. labels.Values] : null;
    }
}
