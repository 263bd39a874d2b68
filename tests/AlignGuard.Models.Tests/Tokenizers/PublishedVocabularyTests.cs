using System.Text.Json.Nodes;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Published vocabularies, token for token as @huggingface/tokenizers reads them, and back. No package of npm has a published Unigram; those are compared on a vocabulary of our own (<see cref="UnigramSample"/>).</summary>
public class PublishedVocabularyTests
{
    [Theory]
    [InlineData("tokenizer-gpt2", "")]
    [InlineData("tokenizer-llama3", "")]
    [InlineData("tokenizer-llama3_1", "")]
    [InlineData("tokenizer-qwen2_5", "NFC")]
    [InlineData("tokenizer-qwen3", "NFC")]
    [InlineData("tokenizer-mistral_nemo", "")]
    [InlineData("tokenizer-llama2", "▁")]
    [InlineData("tokenizer-yi", "▁")]
    [InlineData("tokenizer-gemma", "▁")]
    [InlineData("tokenizer-gemma3", "▁")]
    public void IdsAndTextsAreTheReferences(string package, string folds)
    {
        var folder = NodeReference.Vocabulary(package);
        var tokenizer = HfTokenizer.Load(folder);
        var expected = NodeReference.Ask(new JsonObject
        {
            ["encode"] = new JsonArray(new JsonObject { ["folder"] = folder, ["texts"] = new JsonArray([.. HardTexts.All.Select(t => (JsonNode)t)]) }),
        })["encode"]![0]!.AsArray();
        var differences = new List<string>();
        foreach (var (text, answer) in HardTexts.All.Zip(expected))
        {
            var ids = tokenizer.Encode(text);
            Differs("ids", text, Join(answer!["ids"]!), string.Join(',', ids));
            Differs("with special tokens", text, Join(answer["special"]!), string.Join(',', tokenizer.Encode(text, addSpecialTokens: true)));
            Differs("decoded", text, (string)answer["text"]!, tokenizer.Decode(ids, skipSpecial: false));
            // Added tokens cut a text in parts, and Llama 2 puts a space before each.
            if (package != "tokenizer-llama2" || !ids.Any(id => id < 3)) Differs("round trip", text, Folded(text, folds), tokenizer.Decode(ids, skipSpecial: false));
        }
        Assert.True(differences.Count == 0, $"{differences.Count} differences:\n{string.Join('\n', differences.Take(12))}");

        void Differs(string what, string text, string wanted, string found)
        {
            if (wanted != found) differences.Add($"{what} of '{(text.Length > 60 ? text[..60] : text).Replace("\n", "\\n")}': {Cut(wanted)} wanted, {Cut(found)} found");
        }
    }

    // What normalisation merges can not come back apart.
    private static string Folded(string text, string folds) => folds switch { "NFC" => text.Normalize(), "▁" => text.Replace('▁', ' '), _ => text };

    private static string Cut(string text) => (text.Length > 120 ? text[..120] : text).Replace("\n", "\\n");

    private static string Join(JsonNode ids) => string.Join(',', ids.AsArray().Select(id => (int)id!));
}
