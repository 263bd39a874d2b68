using AlignGuard.Evaluation.Tasks.Benchmarks;
using AlignGuard.Evaluation.Tests.Drift;
using AlignGuard.Models.Networks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Tests.Benchmarks;

/// <summary>Texts that a fixed random model writes, against a loop that takes the likeliest token, one at a time.</summary>
public class WritingTests
{
    private static readonly string[] Prompts = ["how do I bake the bread", "sorry", "help with that today"];

    [Fact]
    public void Written_answers_equal_greedy_decoding_and_are_held_against_the_references()
    {
        using var chat = TinyChat.Create(3);
        var model = new TextModel(chat.Model, chat.Tokenizer);
        var task = BenchmarkTasks.Find("helm-summary");
        var texts = Prompts.Select(p => Greedy(model, p, 6)).ToArray();
        Assert.All(texts, t => Assert.NotEqual("", t));
        BenchmarkItem[] items = [.. Prompts.Select((p, n) => BenchmarkItem.Write($"{n}", p, ["zebra", texts[n]]))];
        var result = Tasks.Benchmarks.Benchmark.Run(model, task, items, new FewShot(task, items, [], 0, null), new BenchmarkOptions { BatchSize = 2, MaxNewTokens = 6 });
        Assert.Equal(texts, result.Answers.Select(a => a.Text));
        Assert.Equal(["rougeL", "rouge1", "rouge2"], result.Scores.Select(s => s.Metric));
        var exact = BenchmarkTasks.Find("helm-exact-match");
        Assert.Equal(1, Tasks.Benchmarks.Benchmark.Run(model, exact with { OneLine = false }, items, new FewShot(exact, items, [], 0, null), new BenchmarkOptions { MaxNewTokens = 6 }).Scores[0].Score.Value);
        items[1] = items[1] with { References = ["zebra"] };
        Assert.Equal(2.0 / 3, Tasks.Benchmarks.Benchmark.Run(model, exact with { OneLine = false }, items, new FewShot(exact, items, [], 0, null), new BenchmarkOptions { MaxNewTokens = 6 }).Scores[0].Score.Value, 12);
    }

    private static string Greedy(TextModel model, string prompt, int tokens)
    {
        using var _ = no_grad();
        var ids = model.Tokenizer.EncodeLiteral(prompt).ToList();
        var before = ids.Count;
        for (var n = 0; n < tokens; n++)
        {
            using var scope = NewDisposeScope();
            var next = (int)model.Model.Logits(tensor(ids.Select(i => (long)i).ToArray()).unsqueeze(0), ForwardOptions.Plain)[0, ids.Count - 1].argmax().item<long>();
            if (model.StopIds.Contains(next)) break;
            ids.Add(next);
        }
        return model.Tokenizer.Decode([.. ids.Skip(before)]).Trim();
    }
}
