using System.Diagnostics;
using System.Text.Json.Nodes;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Attacks;

/// <summary>Every way in which a tokenizer.json can lie that we know of: a typed fault with file and key, in bounded time and memory.</summary>
public class TokenizerAttackTests
{
    [Theory]
    [InlineData("model.vocab", "{\"a\":0,\"b\":0}", "model.vocab['b']: has the id 0 of 'a'")]
    [InlineData("model.vocab", "{\"a\":-1}", "model.vocab['a']: must be a token id")]
    [InlineData("model.vocab", "{\"a\":2147483648}", "model.vocab['a']: must be a token id")]
    [InlineData("model.vocab", "{\"a\":1e300}", "model.vocab['a']: must be a token id")]
    [InlineData("model.vocab", "{\"a\":0.5}", "model.vocab['a']: must be a token id")]
    [InlineData("model.vocab", "{\"a\":\"0\"}", "model.vocab['a']: must be a token id")]
    [InlineData("model.vocab", "{\"a\":1073741823}", "model.merges[0]")]
    [InlineData("model.vocab", "[[\"a\",0]]", "model.vocab: must be an object")]
    [InlineData("model.merges", "[\"zz yy\"]", "model.merges[0]: 'zz' is not in model.vocab")]
    [InlineData("model.merges", "[[\"a\",\"b\",\"c\"]]", "model.merges[0]: must be two tokens")]
    [InlineData("model.merges", "[{\"a\":\"b\"}]", "model.merges[0]: must be a string")]
    [InlineData("model.merges", "{}", "model.merges: must be a list")]
    [InlineData("model.unk_token", "\"nowhere\"", "model.unk_token: 'nowhere' is not in model.vocab")]
    [InlineData("model.fuse_unk", "[]", "model.fuse_unk: must be true or false")]
    [InlineData("added_tokens", "{}", "added_tokens: must be a list")]
    [InlineData("added_tokens", "[7]", "added_tokens[0].content: is missing or empty")]
    [InlineData("added_tokens", "[{\"id\":-5,\"content\":\"<x>\"}]", "added_tokens[0].id: must be a token id")]
    [InlineData("added_tokens", "[{\"id\":700,\"content\":\"<x>\"},{\"id\":700,\"content\":\"<y>\"}]", "added_tokens[1].id: 700 is already the id of '<x>'")]
    [InlineData("added_tokens", "[{\"id\":700,\"content\":\"<x>\",\"lstrip\":\"yes\"}]", "added_tokens[0].lstrip: must be true or false")]
    [InlineData("normalizer", "[]", "normalizer.type: is missing")]
    [InlineData("normalizer", "{\"type\":\"Sequence\"}", "normalizer.normalizers: is missing")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"not base64\"}", "normalizer.precompiled_charsmap: is no character map")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/P///wAAAAA=\"}", "normalizer.precompiled_charsmap: is no character map")]
    [InlineData("pre_tokenizer", "{\"type\":7}", "pre_tokenizer.type: must be a string")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":\"a\",\"behavior\":\"Isolated\"}", "pre_tokenizer.pattern: must be")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[\"},\"behavior\":\"Isolated\"}", "pre_tokenizer.pattern.Regex: is not a regular expression")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"3\"}", "pre_tokenizer.behavior: '3' is not supported")]
    [InlineData("decoder", "{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0}", "decoder.start: must be a token id")]
    [InlineData("decoder", "{\"type\":\"Sequence\",\"decoders\":{}}", "decoder.decoders: must be a list")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}}],\"special_tokens\":{\"<s>\":{\"ids\":[-1]}}}", "post_processor.special_tokens['<s>'].ids: must be a token id")]
    public void ALieIsNamedByFileAndKey(string key, string value, string expected)
    {
        using var file = new AttackFile();
        Write(file, json => Set(json, key, value));
        var fault = Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder));
        Assert.Contains(expected, fault.Message);
        Assert.All(fault.Problems, p => Assert.Contains(Path.Combine(file.Folder, "tokenizer.json"), p));
    }

    [Theory]
    [InlineData("pre_tokenizer")]
    [InlineData("normalizer")]
    public void ACatastrophicPatternIsStopped(string step)
    {
        using var file = new AttackFile();
        Write(file, json => json[step] = step == "normalizer"
            ? JsonNode.Parse("""{"type":"Replace","pattern":{"Regex":"^(a+)+$"},"content":"x"}""")
            : JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"^(a+)+$"},"behavior":"Isolated"},{"type":"ByteLevel","use_regex":false}]}"""));
        var tokenizer = HfTokenizer.Load(file.Folder);
        var watch = Stopwatch.StartNew();
        var fault = Assert.Throws<ModelFormatException>(() => tokenizer.Encode(new string('a', 60) + "!"));
        Assert.Contains($"{Path.Combine(file.Folder, "tokenizer.json")}: {step}: its regular expression took over", fault.Message);
        Assert.True(watch.Elapsed.TotalSeconds < 30, $"{watch.Elapsed}");
    }

    [Fact]
    public void AStepThatMultipliesTextIsStopped()
    {
        using var file = new AttackFile();
        // Each of 40 steps doubles the text.
        Write(file, json => json["normalizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["normalizers"] = new JsonArray([.. Enumerable.Range(0, 40).Select(_ => JsonNode.Parse("""{"type":"Replace","pattern":{"String":"a"},"content":"aa"}"""))]),
        });
        var before = GC.GetTotalAllocatedBytes();
        var fault = Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder).Encode("a cat"));
        Assert.Contains("tokenizer.json: normalizer: ", fault.Message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 1L << 30);
    }

    [Fact]
    public void AGiantTokenOfAUnigramModelIsRefused()
    {
        using var file = new AttackFile();
        Write(file, json => json["model"] = JsonNode.Parse($$"""{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["{{new string('a', 5000)}}",-1]]}"""));
        Assert.Contains("model.vocab[1]: has more than 1,024 characters", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
    }

    [Fact]
    public void NestedStepsEndInAnErrorNotInAStackOverflow()
    {
        using var file = new AttackFile();
        Write(file);
        var path = Path.Combine(file.Folder, "tokenizer.json");
        var nested = string.Concat(Enumerable.Repeat("{\"type\":\"Sequence\",\"normalizers\":[", 30_000));
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"normalizer\":null", $"\"normalizer\":{nested}"));
        Assert.Contains("tokenizer.json:1: not valid JSON", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
    }

    internal static void Write(AttackFile file, Action<JsonObject>? edit = null, string template = ChatFormat.ChatMlTemplate)
    {
        BpeTrainer.Train(["the cat and the hat", "a cat sat"], new BpeTrainerOptions(270, 2, ["<|im_start|>", "<|im_end|>"])).Save(file.Folder, eosToken: "<|im_end|>", chatTemplate: template);
        var path = Path.Combine(file.Folder, "tokenizer.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit?.Invoke(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private static void Set(JsonObject json, string key, string value)
    {
        var path = key.Split('.');
        JsonNode node = json;
        foreach (var part in path[..^1]) node = node[part]!;
        node[path[^1]] = JsonNode.Parse(value);
    }
}
