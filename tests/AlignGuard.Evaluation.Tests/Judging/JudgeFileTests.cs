using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Llm;
using AlignGuard.Evaluation.Judging.Onnx;
using AlignGuard.Models;
using AlignGuard.Models.Tests;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Judging;

public sealed class JudgeFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var read = (LlmSettings)Read("kind: llm\nendpoint: http://localhost:11434/v1\nmodel: llama3\n");
        Assert.Equal(new LlmSettings(new Uri("http://localhost:11434/v1"), "llama3"), read);
        Assert.Equal((0.0, 4, 3, 60.0), (read.Temperature, read.Parallel, read.Retries, read.Timeout.TotalSeconds));
        Assert.EndsWith(Path.Combine("alignguard", "judgements"), read.Cache, StringComparison.Ordinal);
        Assert.Equal(new OnnxSettings(folder.File("toxic-bert")), (OnnxSettings)Read("kind: onnx\nmodel: toxic-bert\n"));
    }

    [Fact]
    public void Everything_wrong_is_named_at_once_with_its_line_and_the_nearest_key()
    {
        var problems = Assert.Throws<UserFaultException>(() => Read("kind: llm\nendpoint: ftp://x\nparalel: 2\ntemperature: hot\nretries: 1.5\nprice: { inptu: 1 }\nmaxCost: 0\nrubric: none.md\nstoreReasons: yes\n")).Problems;
        string[] expected =
        [
            "(1,1): model: the key is missing", "(2,1): endpoint: an address is needed", "(3,1): paralel: unknown key. Did you mean parallel?", "(4,1): temperature: a number of at least 0", "(5,1): retries: an integer from 0 to 20",
            "(6,10): price.inptu: unknown key. Did you mean price.input?", "price.input: the key is missing", "price.output: the key is missing", "(7,1): maxCost: a number above 0", "(8,1): rubric:", "(9,1): storeReasons: true or false",
        ];
        foreach (var part in expected) Assert.Single(problems, p => p.Contains(part, StringComparison.Ordinal));
        Assert.Equal(expected.Length, problems.Count);
    }

    [Theory]
    [InlineData("kind: lm", "'lm' is none of llm, onnx. Did you mean llm?")]
    [InlineData("model: x", "kind: the key is missing")]
    [InlineData("- a", "a judge is a group of keys, not a list")]
    [InlineData("", "the file is empty. A judge's file")]
    [InlineData("kind: {", "not valid YAML")]
    [InlineData("kind: onnx\nmodel: m\nverdicts: { refused: a, complied: a }", "each verdict needs a label of its own")]
    [InlineData("kind: onnx\nmodel: m\nverdicts: { refused: a }", "verdicts.complied: the key is missing")]
    [InlineData("kind: onnx\nmodel: m\nverdicts: refused", "a group of keys is needed, not a single value")]
    [InlineData("kind: onnx\nmodel: m\ntoxic: [a, a]", "one is listed twice")]
    [InlineData("kind: onnx\nmodel: m\nmodel: n", "the key is given twice")]
    [InlineData("kind: llm\nmodel: m\nendpoint: http://judge.example/v1\nkey: MY_KEY", "a key would be sent unencrypted")]
    [InlineData("kind: llm\nmodel: m\nendpoint: https://me:pw@judge.example/v1", "must hold no user or password")]
    [InlineData("kind: llm\nmodel: m\nendpoint: https://judge.example/v1/chat/completions", "must end before chat/completions")]
    [InlineData("kind: llm\nmodel: m\nendpoint: https://judge.example/v1\nmaxCost: 1", "needs price")]
    public void What_can_not_be_meant_is_refused(string yaml, string expected) => Assert.Contains(expected, Assert.Throws<UserFaultException>(() => Read(yaml)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sk-proj-abcdefghijklmnopqrstuvwxyz")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("hf_AbCdEfGhIjKlMnOp")]
    [InlineData("AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGhIj")]
    [InlineData("AbCdEfGhIjKl1234MnOp")]
    public void A_key_in_a_file_is_refused_and_not_repeated(string key)
    {
        var message = Assert.Throws<UserFaultException>(() => Read($"kind: llm\nmodel: m\nendpoint: https://judge.example/v1\nkey: {key}")).Message;
        Assert.Contains("looks like a key itself", message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OPENAI_API_KEY")]
    [InlineData("AZURE_OPENAI_API_KEY_OF_THE_JUDGE_2")]
    [InlineData("hf_token")]
    public void Names_of_variables_are_names(string name) => Assert.Equal(name, ((LlmSettings)Read($"kind: llm\nmodel: m\nendpoint: https://judge.example/v1\nkey: {name}")).Key);

    [Fact]
    public void A_panel_names_what_is_wrong_with_any_of_its_judges()
    {
        var problems = Assert.Throws<UserFaultException>(() => Judges.Panel(["rules", folder.Write("a.yaml", "kind: onnx"), folder.Write("b.yml", "kind: llm")])).Problems;
        Assert.Equal(3, problems.Count);
    }

    public void Dispose() => folder.Dispose();

    private IJudgeSettings Read(string yaml) => JudgeFile.Read(folder.Write("judge.yaml", yaml));
}
