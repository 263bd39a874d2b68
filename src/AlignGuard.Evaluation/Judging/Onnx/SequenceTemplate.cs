using System.Text.Json;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>A part of a row: one of the texts, or tokens round them.</summary>
/// <param name="Text">0: the first text, 1: the second; null: <paramref name="Ids"/>.</param>
/// <param name="TypeId">The segment, for models that have such.</param>
internal sealed record TemplatePart(int? Text, IReadOnlyList<int> Ids, int TypeId);

/// <summary>What stands round one text, and round and between two, as <c>post_processor</c> of tokenizer.json says.</summary>
/// <param name="Pair">Null where it does not say.</param>
internal sealed record SequenceTemplate(IReadOnlyList<TemplatePart> Single, IReadOnlyList<TemplatePart>? Pair)
{
    private static readonly TemplatePart First = new(0, [], 0);

    /// <summary>A text as it is.</summary>
    public static SequenceTemplate Plain { get; } = new([First], null);

    /// <param name="root">Of tokenizer.json.</param>
    public static SequenceTemplate Read(JsonElement root, JsonKeys keys) =>
        JsonKeys.Find(root, "post_processor") is { } processor ? Read(processor, "post_processor", keys) ?? Plain : Plain;

    private static SequenceTemplate? Read(JsonElement processor, string key, JsonKeys keys)
    {
        switch (keys.String(processor, "type", $"{key}.type"))
        {
            case "ByteLevel": return null;
            case "TemplateProcessing": return new SequenceTemplate(Parts(processor, "single", key, keys) ?? [First], Parts(processor, "pair", key, keys));
            case "BertProcessing" when Marks(processor, key, keys) is var (cls, sep): return new([cls, First, sep], [cls, First, sep, new(1, [], 1), sep with { TypeId = 1 }]);
            case "RobertaProcessing" when Marks(processor, key, keys) is var (cls, sep): return new([cls, First, sep], [cls, First, sep, sep, new(1, [], 0), sep]);
            case "BertProcessing" or "RobertaProcessing": return null;
            case "Sequence":
                return (keys.List(processor, "processors", $"{key}.processors")?.EnumerateArray() ?? default).Index()
                    .Select(p => Read(p.Item, $"{key}.processors[{p.Index}]", keys)).LastOrDefault(t => t is not null);
            case var type:
                keys.Add($"{key}.type", $"'{type}' is not supported: ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and Sequence are.");
                return null;
        }
    }

    private static (TemplatePart Cls, TemplatePart Sep)? Marks(JsonElement processor, string key, JsonKeys keys)
    {
        return Mark("cls") is { } cls && Mark("sep") is { } sep ? (cls, sep) : null;

        // ["</s>", 2]
        TemplatePart? Mark(string name)
        {
            if (keys.List(processor, name, $"{key}.{name}") is { } mark && mark.GetArrayLength() == 2 && keys.Id(mark[1], $"{key}.{name}") is { } id) return new(null, [id], 0);
            keys.Add($"{key}.{name}", "must be a token with its id, as [\"</s>\", 2].");
            return null;
        }
    }

    private static List<TemplatePart>? Parts(JsonElement template, string list, string key, JsonKeys keys)
    {
        if (keys.List(template, list, $"{key}.{list}") is not { } parts) return null;
        var tokens = keys.Object(template, "special_tokens", $"{key}.special_tokens") ?? default;
        var read = parts.EnumerateArray().Index().Select(p => Part(p.Item, $"{key}.{list}[{p.Index}]", tokens, keys)).ToList();
        if (read.Contains(null)) return null;
        int[] needed = list == "pair" ? [0, 1] : [0];
        if (read.Where(p => p!.Text is not null).Select(p => p!.Text!.Value).Order().SequenceEqual(needed)) return read!;
        keys.Add($"{key}.{list}", $"must hold {(list == "pair" ? "both texts" : "the text")} once.");
        return null;
    }

    private static TemplatePart? Part(JsonElement part, string key, JsonElement tokens, JsonKeys keys)
    {
        var text = JsonKeys.Find(part, "Sequence");
        if ((text ?? JsonKeys.Find(part, "SpecialToken")) is { } body)
        {
            var type = JsonKeys.Find(body, "type_id") is { } typeId ? keys.Id(typeId, $"{key}.type_id") ?? 0 : 0;
            var name = keys.String(body, "id", $"{key}.id") ?? "";
            if (text is not null && name is "A" or "B") return new(name == "A" ? 0 : 1, [], type);
            if (text is null && JsonKeys.Find(tokens, name) is { } token && keys.List(token, "ids", $"{key}: ids of '{name}'") is { } ids)
                return new(null, [.. ids.EnumerateArray().Select(id => keys.Id(id, $"{key}: ids of '{name}'") ?? 0)], type);
        }
        keys.Add(key, "must be a Sequence, or a SpecialToken that special_tokens lists.");
        return null;
    }
}
