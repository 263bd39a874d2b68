using System.Text.Json.Nodes;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>A small unigram tokenizer in T5's form: scores from the counts of our corpus.</summary>
public static class UnigramSample
{
    public static void Write(string folder, Action<JsonObject>? edit = null)
    {
        var counts = new Dictionary<string, int>();
        foreach (var word in SampleTokenizer.Corpus.SelectMany(t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(w => "▁" + w))
            for (var start = 0; start < word.Length; start++)
                for (var length = 1; length <= Math.Min(8, word.Length - start); length++)
                    counts[word.Substring(start, length)] = counts.GetValueOrDefault(word.Substring(start, length)) + 1;
        var pieces = counts.Where(c => (c.Value > 1 || c.Key.Length == 1) && !c.Key.Any(char.IsSurrogate) && c.Key.All(k => k != '\n' && k != '\t' && k != '\r'))
            .OrderBy(c => c.Key, StringComparer.Ordinal).ToList();
        var total = (double)pieces.Sum(p => p.Value);
        // A little apart, so that no two ways to write a text are equally good.
        var vocab = new JsonArray(new JsonArray("<pad>", 0.0), new JsonArray("</s>", 0.0), new JsonArray("<unk>", 0.0));
        foreach (var (i, piece) in pieces.Index()) vocab.Add(new JsonArray(piece.Key, Math.Log(piece.Value / total) * (1 + piece.Key.Length % 3 * 1e-3) - i * 1.37e-5));
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. new[] { "<pad>", "</s>", "<unk>" }.Index().Select(t => (JsonNode)new JsonObject
            {
                ["id"] = t.Index, ["content"] = t.Item, ["special"] = true, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false,
            })]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}]}"""),
            ["post_processor"] = JsonNode.Parse("""{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],"pair":[],"special_tokens":{"</s>":{"id":"</s>","ids":[1],"tokens":["</s>"]}}}"""),
            ["decoder"] = JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}"""),
            ["model"] = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 2, ["vocab"] = vocab, ["byte_fallback"] = false },
        };
        edit?.Invoke(json);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"eos_token":"</s>","pad_token":"<pad>","unk_token":"<unk>","clean_up_tokenization_spaces":false,"tokenizer_class":"T5Tokenizer"}""");
    }
}
