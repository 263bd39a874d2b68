using System.Text.Json;

namespace AlignGuard.Models.Tokenizers;

internal sealed partial class TokenizerJson
{
    private void ReadUnigram(JsonElement model)
    {
        IsUnigram = true;
        if (keys.List(model, "vocab", "model.vocab") is not { } vocab)
        {
            keys.Add("model.vocab", "is missing: expected a list of tokens with their scores.");
            return;
        }
        foreach (var entry in vocab.EnumerateArray())
        {
            var key = $"model.vocab[{Scores.Count}]";
            var score = 0.0;
            var parts = entry.ValueKind == JsonValueKind.Array ? entry.EnumerateArray().Take(3).ToList() : [];
            if (parts is not [{ ValueKind: JsonValueKind.String } text, { ValueKind: JsonValueKind.Number } number] || !number.TryGetDouble(out score) || !double.IsFinite(score))
                keys.Add(key, "must be a token and its score, as [\"▁the\", -2.5].");
            else if (text.GetString()!.Length > MaxTokenLength) keys.Add(key, $"has more than {MaxTokenLength:N0} characters.");
            else if (!Vocab.TryAdd(text.GetString()!, Scores.Count)) keys.Add(key, $"'{text.GetString()}' is listed twice.");
            Scores.Add(score);
        }
        if (Scores.Count == 0) keys.Add("model.vocab", "is empty.");
        if (JsonKeys.Find(model, "unk_id") is not { } unknown) return;
        UnknownId = keys.Id(unknown, "model.unk_id");
        if (UnknownId >= Scores.Count) keys.Add("model.unk_id", $"is {UnknownId}, but model.vocab has {Scores.Count:N0} tokens.");
    }
}
