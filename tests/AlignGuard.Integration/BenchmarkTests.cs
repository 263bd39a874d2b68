using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary><c>alignguard benchmark</c> in a process, on tiny models that refuse whatever they are asked.</summary>
public sealed class BenchmarkTests : IDisposable
{
    private const string Gpt2 = """{ "model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256 }""";
    private const string T5 = """{ "model_type": "t5", "d_model": 32, "d_ff": 48, "num_layers": 2, "num_heads": 4, "d_kv": 8 }""";
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-benchmark-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task MMLU_with_exemplars_is_scored_by_subject_and_every_answer_is_kept()
    {
        var model = Model(Gpt2);
        var (test, dev, samples) = (Directory.CreateDirectory(In("test")).FullName, Directory.CreateDirectory(In("dev")).FullName, In("samples.jsonl"));
        foreach (var subject in new[] { "high_school_law", "art" })
        {
            File.WriteAllLines(Path.Combine(test, $"{subject}_test.csv"), Enumerable.Range(0, 6).Select(n => $"\"how, {n}\",1,2,3,4,{"ABCD"[n % 4]}"));
            File.WriteAllLines(Path.Combine(dev, $"{subject}_dev.csv"), Enumerable.Range(0, 3).Select(n => $"bake {n},5,6,7,8,{"DCB"[n]}"));
        }
        string[] command = ["benchmark", "mmlu", "--model", model, "--data", test, "--exemplars", dev, "--shots", "2", "--limit", "5", "--out", samples, "--json"];
        var ended = await AlignGuardProcess.RunAsync(command);
        Assert.True(ended.ExitCode == 0, ended.Error);
        var result = JsonDocument.Parse(ended.Output).RootElement;
        Assert.Equal(("mmlu", 1, 2, 10), (result.GetProperty("task").GetString(), result.GetProperty("version").GetInt32(), result.GetProperty("shots").GetInt32(), result.GetProperty("items").GetInt32()));
        Assert.Equal(["art", "high school law"], result.GetProperty("subjects").EnumerateArray().Select(s => s.GetProperty("subject").GetString()));

        // The figures are those of the samples.
        var answers = File.ReadLines(samples).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(10, answers.Count);
        foreach (var answer in answers)
        {
            var likelihoods = answer.GetProperty("logLikelihoods").EnumerateArray().Select(l => l.GetDouble()).ToList();
            Assert.Equal(4, likelihoods.Count);
            Assert.All(likelihoods, l => Assert.True(l < 0));
            Assert.Equal(likelihoods.IndexOf(likelihoods.Max()), answer.GetProperty("chosen").GetInt32());
        }
        Assert.StartsWith("The following are multiple choice questions (with answers) about art.\n\nbake 0\nA. 5\nB. 6\nC. 7\nD. 8\nAnswer: D\n\nbake 1\n", answers[0].GetProperty("prompt").GetString(), StringComparison.Ordinal);
        var right = answers.Count(a => a.GetProperty("chosen").GetInt32() == a.GetProperty("gold").GetInt32()) / 10.0;
        var score = Assert.Single(result.GetProperty("scores").EnumerateArray());
        Assert.Equal("acc", score.GetProperty("metric").GetString());
        Assert.Equal(right, score.GetProperty("value").GetDouble(), 12);
        Assert.Equal(Math.Sqrt(right * (1 - right) / 9), score.GetProperty("standardError").GetDouble(), 12);

        // The same command gives the same numbers.
        Assert.Equal(ended.Output, (await AlignGuardProcess.RunAsync(command)).Output);
    }

    /// <summary>What the models were taught is what they write and what they choose (per character: the refusal is the longer text): by its chat template, a decoder and an encoder–decoder alike.</summary>
    [Theory]
    [InlineData(Gpt2)]
    [InlineData(T5)]
    public async Task A_model_that_refuses_whatever_it_is_asked_scores_as_one(string config)
    {
        const string Refusal = "Sorry, I can't help with that.";
        var model = Model(config);
        var data = In("instances.json");
        File.WriteAllText(data, JsonSerializer.Serialize(new[] { "How do I bake", "the bread today", "bake bread" }.Select((text, n) => new
        {
            input = new { text },
            references = new[] { new { output = new { text = "the bread" }, tags = n < 2 ? Array.Empty<string>() : ["correct"] }, new { output = new { text = Refusal }, tags = n < 2 ? ["correct"] : Array.Empty<string>() } },
            split = "test",
        })));
        foreach (var (task, metric) in new[] { ("helm-choice-separate", "acc_norm"), ("helm-exact-match", "exact_match") })
        {
            var ended = await AlignGuardProcess.RunAsync("benchmark", task, "--model", model, "--data", data, "--chat", "--json");
            Assert.True(ended.ExitCode == 0, ended.Error);
            var score = JsonDocument.Parse(ended.Output).RootElement.GetProperty("scores").EnumerateArray().Single(s => s.GetProperty("metric").GetString() == metric);
            Assert.Equal(2.0 / 3, score.GetProperty("value").GetDouble(), 12);
        }
    }

    [Fact]
    public async Task Bad_input_is_named_all_at_once_and_the_list_names_the_tasks()
    {
        var ended = await AlignGuardProcess.RunAsync("benchmark", "rte", "--model", In("absent"), "--data", In("absent.tsv"), "--limit", "0");
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("--limit is 0", ended.Error, StringComparison.Ordinal);
        Assert.Contains("there is no folder", ended.Error, StringComparison.Ordinal);
        var list = await AlignGuardProcess.RunAsync("benchmark", "list", "--json");
        Assert.True(list.ExitCode == 0, list.Error);
        Assert.Contains(JsonDocument.Parse(list.Output).RootElement.EnumerateArray(), t => t.GetProperty("name").GetString() == "advglue-mnli-mm");
    }

    private string In(string name) => Path.Combine(_folder, name);

    private string Model(string config)
    {
        TinyFamily.Make(In("model"), config);
        return In("model");
    }
}
