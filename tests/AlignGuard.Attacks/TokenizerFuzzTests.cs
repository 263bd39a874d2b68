using System.Text.Json.Nodes;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Attacks;

public class TokenizerFuzzTests
{
    [Theory]
    [InlineData("tokenizer.json", "byte-level")]
    [InlineData("tokenizer_config.json", "byte-level")]
    [InlineData("tokenizer.json", "bpe")]
    [InlineData("tokenizer.json", "unigram")]
    public void ADamagedTokenizerWorksOrIsRefused(string damaged, string kind)
    {
        var random = new Random(7);
        using var file = new AttackFile();
        TokenizerAttackTests.Write(file, kind switch { "bpe" => Bpe, "unigram" => Unigram, _ => null });
        var path = Path.Combine(file.Folder, damaged);
        var valid = File.ReadAllBytes(path);
        Use(file);
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < 1500; round++)
        {
            File.WriteAllBytes(path, Mutation.Of(valid, valid.Length, random));
            try
            {
                Use(file);
                loaded++;
            }
            catch (UserFaultException e)
            {
                Assert.All(e.Problems, p => Assert.Contains(file.Folder, p));
                refused++;
            }
        }
        Assert.True(loaded > 20 && refused > 200, $"{loaded} loaded, {refused} refused: the mutations miss their aim");
    }

    private static void Use(AttackFile file)
    {
        var tokenizer = HfTokenizer.Load(file.Folder);
        var ids = tokenizer.Encode("the <|im_end|> cat 😀", addSpecialTokens: true);
        Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabSize - 1));
        tokenizer.Decode(ids);
        ChatFormat.For(tokenizer).Encode("the", "cat");
    }

    private static void Bpe(JsonObject json)
    {
        var model = json["model"]!.AsObject();
        model["byte_fallback"] = true;
        model["fuse_unk"] = true;
        model["unk_token"] = "a";
        json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"Ġ"},{"type":"Replace","pattern":{"String":" "},"content":"Ġ"},{"type":"NFKC"},{"type":"Strip","strip_left":false,"strip_right":true}]}""");
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\s+"},"behavior":"MergedWithNext","invert":false},{"type":"Metaspace","replacement":"Ġ","prepend_scheme":"first","split":true},{"type":"Digits","individual_digits":true},{"type":"Punctuation","behavior":"Contiguous"}]}""");
        json["decoder"] = JsonNode.Parse("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"Ġ"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""");
        json["post_processor"] = JsonNode.Parse("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|im_start|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<|im_start|>":{"id":"<|im_start|>","ids":[0],"tokens":["<|im_start|>"]}}}""");
    }

    private static void Unigram(JsonObject json)
    {
        var tokens = new[] { "<|im_start|>", "<|im_end|>", "<unk>", "▁", "▁the", "▁cat", "at", "t", "h", "e", "c", "a", "s" };
        json["model"] = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 2, ["byte_fallback"] = false, ["vocab"] = new JsonArray([.. tokens.Index().Select(t => (JsonNode)new JsonArray(t.Item, -0.5 * t.Index))]) };
        // "/////" and such in the map are as likely as any bytes.
        json["normalizer"] = JsonNode.Parse("""{"type":"Precompiled","precompiled_charsmap":"EAAAAAEEAAAAAAAAAAAAAAAAAABhAGIA"}""");
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}]}""");
        json["decoder"] = JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""");
    }

    [Fact]
    public void AHugeFileIsNotRead()
    {
        using var file = new AttackFile();
        var path = Path.Combine(file.Folder, "tokenizer.json");
        using (var sparse = File.Create(path)) sparse.SetLength(1L << 40);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("more than the", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000);
    }

    [Fact]
    public void DeepNestingEndsInAnErrorNotInAStackOverflow()
    {
        using var file = new AttackFile();
        File.WriteAllText(Path.Combine(file.Folder, "tokenizer.json"), string.Concat(Enumerable.Repeat("{\"model\":", 1_000_000)));
        Assert.Contains("not valid JSON", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
    }
}
