using System.Text.Json.Nodes;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

public class LoadErrorTests
{
    [Theory]
    [InlineData("model.type", "\"Unigram\"", "model.vocab: must be a list")]
    [InlineData("model", "{\"type\":\"Unigram\",\"vocab\":[]}", "model.vocab: is empty")]
    [InlineData("model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\"]]}", "model.vocab[0]: must be a token and its score")]
    [InlineData("model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1],[\"a\",-2]]}", "model.vocab[1]: 'a' is listed twice")]
    [InlineData("model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\",1e999]]}", "model.vocab[0]: must be a token and its score")]
    [InlineData("model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]],\"unk_id\":7}", "model.unk_id: is 7, but model.vocab has 1 tokens")]
    [InlineData("model.type", "\"WordPiece\"", "model.type: 'WordPiece' is not supported")]
    [InlineData("model.byte_fallback", "7", "model.byte_fallback: must be true or false")]
    [InlineData("model.dropout", "0.1", "model.dropout: must be null")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix: is not supported")]
    [InlineData("model.unk_token", "\"<unk>\"", "model.unk_token: '<unk>' is not in model.vocab")]
    [InlineData("model.ignore_merges", "1", "model.ignore_merges: must be true or false")]
    [InlineData("model.vocab", "{}", "model.vocab: is empty")]
    [InlineData("model.vocab", "[]", "model.vocab: must be an object")]
    [InlineData("model.vocab", "null", "model.vocab: is missing")]
    [InlineData("model.vocab", "{\"a\":0,\"b\":0}", "has the id 0 of 'a'")]
    [InlineData("model.vocab", "{\"a\":-1}", "must be a token id")]
    [InlineData("model.merges", "[\"a b c\"]", "model.merges[0]: must be two tokens")]
    [InlineData("model.merges", "[[\"a\"]]", "model.merges[0]: must be two tokens")]
    [InlineData("model.merges", "[7]", "model.merges[0]: must be a string, not the number 7")]
    [InlineData("model.merges", "[\"q q\"]", "model.merges[0]: 'qq' is not in model.vocab")]
    [InlineData("model.merges", "[\"h e\",\"h e\"]", "listed twice")]
    [InlineData("model", "null", "model: is missing")]
    [InlineData("normalizer", "{\"type\":\"Nmt\"}", "normalizer.type: 'Nmt' is not supported")]
    [InlineData("normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Nmt\"}]}", "normalizer.normalizers[1].type: 'Nmt' is not supported")]
    [InlineData("normalizer", "{\"type\":\"Prepend\"}", "normalizer.prepend: is missing")]
    [InlineData("normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(\"},\"content\":\"\"}", "normalizer.pattern.Regex: is not a regular expression")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA!\"}", "normalizer.precompiled_charsmap: is no character map")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////w==\"}", "normalizer.precompiled_charsmap: is no character map")]
    [InlineData("pre_tokenizer", "{\"type\":\"BertPreTokenizer\"}", "pre_tokenizer.type: 'BertPreTokenizer' is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"__\"}", "pre_tokenizer.replacement: must be one character")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\",\"prepend_scheme\":\"last\"}", "pre_tokenizer.prepend_scheme: 'last' is not supported")]
    [InlineData("pre_tokenizer", "null", "pre_tokenizer: must be ByteLevel or end with it")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"Digits\"}]}", "must be ByteLevel or end with it")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a++\"},\"behavior\":\"Isolated\"}", "pattern.Regex: is not a regular expression")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Sideways\"}", "behavior: 'Sideways' is not supported")]
    [InlineData("decoder", "{\"type\":\"WordPiece\"}", "decoder.type: 'WordPiece' is not supported")]
    [InlineData("decoder", "null", "decoder.type: 'none' is not supported")]
    [InlineData("post_processor", "{\"type\":\"RobertaProcessing\",\"cls\":[\"<s>\",0]}", "post_processor.sep: must be a token with its id")]
    [InlineData("post_processor", "{\"type\":\"GptProcessing\"}", "post_processor.type: 'GptProcessing' is not supported")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}}]}", "post_processor.single[0]: must be a Sequence")]
    [InlineData("added_tokens", "[{\"id\":0,\"content\":\"<other>\"}]", "added_tokens[0].id: 0 is already the id of '<|endoftext|>'")]
    [InlineData("added_tokens", "[{\"id\":999,\"content\":\"<|im_end|>\"}]", "has the id 2 in model.vocab, 999 here")]
    [InlineData("added_tokens", "[{\"id\":999,\"content\":\"\"}]", "added_tokens[0].content: is missing or empty")]
    [InlineData("added_tokens", "[{\"content\":\"x\"}]", "added_tokens[0].id: is missing")]
    public void WhatIsWrongIsNamedByFileAndKey(string key, string value, string expected)
    {
        var fault = Assert.Throws<ModelFormatException>(() => SampleTokenizer.Load(json => Set(json, key, value)));
        Assert.Contains(expected, fault.Message);
        Assert.All(fault.Problems, p => Assert.Contains("tokenizer.json: ", p));
    }

    [Fact]
    public void AllProblemsAreListedAtOnce()
    {
        var fault = Assert.Throws<ModelFormatException>(() => SampleTokenizer.Load(json =>
        {
            Set(json, "normalizer", "{\"type\":\"Nmt\"}");
            Set(json, "model.dropout", "0.5");
            Set(json, "decoder", "{\"type\":\"Fuse\"}");
        }));
        Assert.Equal(3, fault.Problems.Count);
    }

    [Fact]
    public void ThousandsOfProblemsAreSummedUp()
    {
        var fault = Assert.Throws<ModelFormatException>(() => SampleTokenizer.Load(json => Set(json, "model.vocab", "{\"a\":0}")));
        Assert.InRange(fault.Problems.Count, 20, 21);
        Assert.Contains("more problems", fault.Problems[^1]);
    }

    [Theory]
    [InlineData("eos_token", "\"</s>\"", "eos_token: '</s>' is not in tokenizer.json")]
    [InlineData("bos_token", "7", "bos_token: must be a string")]
    [InlineData("chat_template", "7", "chat_template: must be a string")]
    public void TheConfigIsCheckedToo(string key, string value, string expected)
    {
        var fault = Assert.Throws<ModelFormatException>(() => SampleTokenizer.Load(editConfig: json => Set(json, key, value)));
        Assert.Contains("tokenizer_config.json: " + expected, fault.Message);
    }

    [Fact]
    public void TokensOfTheConfigMayBeObjectsAndTemplatesAList()
    {
        var tokenizer = SampleTokenizer.Load(editConfig: json =>
        {
            Set(json, "bos_token", "{\"content\":\"<|endoftext|>\",\"special\":true}");
            Set(json, "chat_template", "[{\"name\":\"tool_use\",\"template\":\"no\"},{\"name\":\"default\",\"template\":\"yes\"}]");
        });
        Assert.Equal((0, "yes"), (tokenizer.BosId, tokenizer.ChatTemplate));
    }

    [Fact]
    public void GenerationConfigAddsStopIdsAndAJinjaFileWins()
    {
        using var folder = new TemporaryFolder();
        SampleTokenizer.Write(folder);
        folder.Write("generation_config.json", """{"eos_token_id":[0,2,5]}""");
        folder.Write("chat_template.jinja", "mine");
        var tokenizer = HfTokenizer.Load(folder.Path);
        Assert.Equal([0, 2, 5], tokenizer.StopIds.Order());
        Assert.Equal("mine", tokenizer.ChatTemplate);

        folder.Write("generation_config.json", """{"eos_token_id":"</s>"}""");
        Assert.Contains("generation_config.json: eos_token_id: must be a token id", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void TheConfigMayBeAbsent()
    {
        using var folder = new TemporaryFolder();
        SampleTokenizer.Write(folder);
        File.Delete(folder.File("tokenizer_config.json"));
        var tokenizer = HfTokenizer.Load(folder.Path);
        Assert.Equal((null, null, 0), (tokenizer.EosId, tokenizer.ChatTemplate, tokenizer.StopIds.Count));
    }

    [Fact]
    public void ATruncatedFileIsNamedWithItsLine()
    {
        using var folder = new TemporaryFolder();
        SampleTokenizer.Write(folder);
        var lines = File.ReadAllLines(folder.File("tokenizer.json"));
        File.WriteAllText(folder.File("tokenizer.json"), string.Join('\n', lines.Take(50)));
        Assert.Contains("tokenizer.json:50: not valid JSON", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("{\n\"a\": \"\\ud800\"}", ":2: a string holds half a surrogate pair")]
    [InlineData("{\n\n\"\\udfff\": 1}", ":3: a string holds half a surrogate pair")]
    [InlineData("{\n\"a\": \"\u00ff\"}", ":2: not UTF-8 text")]
    [InlineData("[]", ":1: holds no JSON object")]
    [InlineData("{\"model\":1,\"model\":2}", "not valid JSON")]
    public void TextThatIsNoTextIsNamedWithItsLine(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("tokenizer.json"), System.Text.Encoding.Latin1.GetBytes(json));
        Assert.Contains(expected, Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void AnAbsentFileSaysWhatToGive() =>
        Assert.Contains("does not exist: give the folder", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load("/nonexistent")).Message);

    private static void Set(JsonObject json, string key, string value)
    {
        var path = key.Split('.');
        JsonNode node = json;
        foreach (var part in path[..^1]) node = node[part]!;
        node[path[^1]] = JsonNode.Parse(value);
    }
}
