using System.Text;
using System.Text.Json;
using AlignGuard.Models;
using Microsoft.ML.Tokenizers;

namespace AlignGuard.Evaluation.Judging.Onnx.WordPiece;

/// <summary>Reads a tokenizer.json whose model is WordPiece.</summary>
internal static class WordPieceJson
{
    public static bool Is(JsonElement root) => JsonKeys.Find(root, "model") is { ValueKind: JsonValueKind.Object } model
        && JsonKeys.Find(model, "type") is { ValueKind: JsonValueKind.String } type && type.ValueEquals("WordPiece");

    /// <summary>Null, with the reasons among the problems, where it can not be read.</summary>
    public static WordPieces? Read(JsonElement root, JsonKeys keys)
    {
        var model = keys.Object(root, "model", "model") ?? default;
        var normalizer = Normalizer(root, keys);
        if (JsonKeys.Find(root, "pre_tokenizer") is { } cutter && keys.String(cutter, "type", "pre_tokenizer.type") is not "BertPreTokenizer")
            keys.Add("pre_tokenizer.type", "must be BertPreTokenizer beside a WordPiece model.");
        var vocab = Vocab(model, keys);
        var unknown = keys.String(model, "unk_token", "model.unk_token") ?? "[UNK]";
        if (vocab is not null && !vocab.Contains(unknown)) keys.Add("model.unk_token", $"'{unknown}' is not in model.vocab.");
        var longest = JsonKeys.Find(model, "max_input_chars_per_word") is { } most ? keys.Id(most, "model.max_input_chars_per_word") : null;
        var prefix = keys.String(model, "continuing_subword_prefix", "model.continuing_subword_prefix") ?? "##";
        if (!keys.Ok) return null;
        var options = new WordPieceOptions { UnknownToken = unknown, ContinuingSubwordPrefix = prefix, MaxInputCharsPerWord = longest ?? 100, PreTokenizer = null, Normalizer = null };
        using var lines = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', vocab!)));
        return new WordPieces(normalizer, WordPieceTokenizer.Create(lines, options));
    }

    // The library takes a line for each token, in the order of their ids.
    private static List<string>? Vocab(JsonElement model, JsonKeys keys)
    {
        if (keys.Object(model, "vocab", "model.vocab") is not { } map)
        {
            keys.Add("model.vocab", "is missing: expected a map from token to id.");
            return null;
        }
        var tokens = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            if (keys.Id(entry.Value, $"model.vocab['{entry.Name}']") is not { } id) continue;
            if (entry.Name.Length == 0 || entry.Name.AsSpan().ContainsAny('\n', '\r')) keys.Add($"model.vocab['{entry.Name}']", "is no word: empty, or with a line break.");
            if (!tokens.TryAdd(id, entry.Name)) keys.Add($"model.vocab['{entry.Name}']", $"has the id {id} of '{tokens[id]}'.");
        }
        if (keys.Ok && (tokens.Count == 0 || tokens.Keys.Last() != tokens.Count - 1)) keys.Add("model.vocab", "must have the ids 0, 1, 2 and so on, none left out.");
        return keys.Ok ? [.. tokens.Values] : null;
    }

    private static BertNormalizer? Normalizer(JsonElement root, JsonKeys keys)
    {
        if (JsonKeys.Find(root, "normalizer") is not { } n) return null;
        if (keys.String(n, "type", "normalizer.type") is not "BertNormalizer")
        {
            keys.Add("normalizer.type", "must be BertNormalizer beside a WordPiece model.");
            return null;
        }
        var lowercase = keys.Bool(n, "lowercase", "normalizer.lowercase", absent: true);
        return new BertNormalizer(
            keys.Bool(n, "clean_text", "normalizer.clean_text", absent: true),
            keys.Bool(n, "handle_chinese_chars", "normalizer.handle_chinese_chars", absent: true),
            // Left open, accents go with the upper case.
            keys.Bool(n, "strip_accents", "normalizer.strip_accents", absent: lowercase),
            lowercase);
    }
}
