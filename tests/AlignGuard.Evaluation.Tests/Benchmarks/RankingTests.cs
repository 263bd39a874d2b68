using AlignGuard.Evaluation.Tasks.Benchmarks;
using AlignGuard.Evaluation.Tests.Drift;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Tests.Benchmarks;

/// <summary>Scores of a fixed random model against a loop that takes one token at a time, without batches and without padding.</summary>
public class RankingTests
{
    private static readonly BenchmarkTask Task = BenchmarkTasks.Find("copa");

    private static readonly BenchmarkItem[] Items =
    [
        BenchmarkItem.Choose("1", "how do I bake", ["the bread", "today", "sorry I can not help with that bread"], 0),
        BenchmarkItem.Choose("2", "sorry", ["I can", "help", "no"], 1),
        BenchmarkItem.Choose("3", "bake the bread today with that and how do I help", ["not é", "bread"], 1),
        BenchmarkItem.Choose("4", "help\nwith", ["it", "that I bake"], 0),
    ];

    [Fact]
    public void Log_likelihoods_and_accuracies_equal_a_loop_over_single_tokens()
    {
        using var chat = TinyChat.Create(3);
        using var generator = new Generator(9);
        using var adapter = LoraAdapter.From(chat.Model, new LoraSpec { Rank = 2 }, (site, isA) => randn(isA ? [2, site.In] : [site.Out, 2], generator: generator) * 0.3);
        var model = new TextModel(chat.Model, chat.Tokenizer, adapter);
        var result = Run(model, Items, batch: 3);

        var (right, rightPerCharacter, rightPerByte) = (0, 0, 0);
        foreach (var (item, answered) in Items.Zip(result.Answers))
        {
            var expected = item.Choices.Select(choice => Naive(model, chat.Tokenizer.EncodeLiteral(item.Prompt).Length, chat.Tokenizer.EncodeLiteral($"{item.Prompt} {choice}"))).ToArray();
            for (var n = 0; n < expected.Length; n++) Assert.Equal(expected[n], answered.LogLikelihoods[n], 1e-3);
            var perByte = expected.Zip(item.Choices, (l, choice) => l / System.Text.Encoding.UTF8.GetBytes(choice).Length).ToArray();
            if (Array.IndexOf(expected, expected.Max()) == item.Gold) right++;
            var perCharacter = expected.Zip(item.Choices, (l, choice) => l / choice.Length).ToArray();
            if (Array.IndexOf(perCharacter, perCharacter.Max()) == item.Gold) rightPerCharacter++;
            if (Array.IndexOf(perByte, perByte.Max()) == item.Gold) rightPerByte++;
        }
        Assert.Equal(["acc", "acc_norm", "acc_bytes"], result.Scores.Select(s => s.Metric));
        Assert.Equal(right / 4.0, result.Scores[0].Score.Value, 12);
        Assert.Equal(rightPerCharacter / 4.0, result.Scores[1].Score.Value, 12);
        Assert.Equal(rightPerByte / 4.0, result.Scores[2].Score.Value, 12);
        var p = right / 4.0;
        Assert.Equal(Math.Sqrt(p * (1 - p) / 3), result.Scores[0].Score.StandardError, 12);
    }

    /// <summary>Choices of one token each are answered by one row: the same numbers.</summary>
    [Fact]
    public void Choices_of_one_token_are_scored_as_any_others()
    {
        using var chat = TinyChat.Create(3);
        var model = new TextModel(chat.Model, chat.Tokenizer);
        var items = Items.Select(i => BenchmarkItem.Choose(i.Id, i.Prompt, ["the", "bread", "with that", "can", "help"], 0)).ToArray();
        Assert.True(items[0].Choices.Count(c => chat.Tokenizer.EncodeLiteral(" " + c, continuation: true).Length == 1) > 2);
        foreach (var (item, answered) in items.Zip(Run(model, items, 3).Answers))
            Assert.All(item.Choices.Zip(answered.LogLikelihoods), c => Assert.Equal(Naive(model, chat.Tokenizer.EncodeLiteral(item.Prompt).Length, chat.Tokenizer.EncodeLiteral($"{item.Prompt} {c.First}")), c.Second, 1e-3));
    }

    [Fact]
    public void Scores_do_not_depend_on_the_batch()
    {
        using var chat = TinyChat.Create(3);
        var model = new TextModel(chat.Model, chat.Tokenizer);
        foreach (var (one, all) in Run(model, Items, 1).Answers.Zip(Run(model, Items, 64).Answers))
            Assert.All(one.LogLikelihoods.Zip(all.LogLikelihoods), l => Assert.Equal(l.First, l.Second, 1e-3));
    }

    /// <summary>What a chat template adds is the template's affair: the row is the conversation's, its answer's end counts.</summary>
    [Fact]
    public void By_the_chat_template_the_answer_ends_its_turn()
    {
        using var chat = TinyChat.Create(3);
        var model = new TextModel(chat.Model, chat.Tokenizer, null, chat.Format);
        var answered = Run(model, Items, 4).Answers[0];
        var row = chat.Row(Items[0].Prompt, "today");
        Assert.Equal(Naive(model, Array.IndexOf(row.IsResponse, true), row.Ids[..(Array.LastIndexOf(row.IsResponse, true) + 1)]), answered.LogLikelihoods[1], 1e-3);
    }

    [Fact]
    public void A_prompt_beyond_the_context_loses_its_beginning_and_says_so()
    {
        using var chat = TinyChat.Create(3);
        var model = new TextModel(chat.Model, chat.Tokenizer);
        var text = string.Concat(Enumerable.Repeat("how do I bake the bread ", 60)) + "today";
        var whole = chat.Tokenizer.EncodeLiteral($"{text} help");
        var answered = Run(model, [BenchmarkItem.Choose("long", text, ["help", "no"], 0)], 2).Answers[0];
        var over = whole.Length - chat.Model.MaxPositions;
        Assert.True(over > 0);
        Assert.True(answered.Cut >= over);
        Assert.Equal(Naive(model, chat.Tokenizer.EncodeLiteral(text).Length - over, whole[over..]), answered.LogLikelihoods[0], 1e-3);

        var error = Assert.Throws<UserFaultException>(() => Run(model, [BenchmarkItem.Choose("x.jsonl:7", "how", [text, "no"], 0)], 2));
        Assert.StartsWith("x.jsonl:7: A choice has ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_equal_choices_the_first_counts()
    {
        var item = BenchmarkItem.Choose("1", "p", ["aa", "b", "c"], 0);
        Assert.Equal(1, new AnsweredItem(item, [-3, -1, -1], null, 0).Chosen);
        Assert.Equal(0, new AnsweredItem(item, [-2, -1, -1], null, 0).ChosenPerByte);
        Assert.Equal(-1, new AnsweredItem(BenchmarkItem.Write("1", "p", ["r"]), [], "t", 0).Chosen);
    }

    /// <summary>A character is a code point, as Python counts them: two emoji are two characters, four UTF-16 units and eight bytes.</summary>
    [Fact]
    public void Per_character_and_per_byte_are_told_apart()
    {
        var item = BenchmarkItem.Choose("1", "p", ["犬猫鳥魚", "a dog", "😀😀"], 0);
        var answered = new AnsweredItem(item, [-6, -5.5, -2.9], null, 0);
        // Sums −6, −5.5, −2.9; per character −1.5, −1.1, −1.45; per byte −0.5, −1.1, −0.36.
        Assert.Equal((2, 1, 2), (answered.Chosen, answered.ChosenPerCharacter, answered.ChosenPerByte));
    }

    /// <summary>MultiRC: a question counts only if every answer of it is judged rightly.</summary>
    [Fact]
    public void A_whole_question_is_right_or_wrong()
    {
        AnsweredItem Item(string question, bool right, int gold) =>
            new(BenchmarkItem.Choose("", "", ["no", "yes"], gold) with { Question = question }, right == (gold == 1) ? [-2, -1] : [-1, -2], null, 0);
        AnsweredItem[] items = [Item("a", true, 1), Item("a", false, 0), Item("b", true, 0), Item("c", true, 1)];
        var score = BenchmarkMetric.WholeQuestions.Of(items);
        Assert.Equal((2.0 / 3, 3), (score.Value, score.Items));
        // true positives 2, false positives 1: 4 / 5
        Assert.Equal(0.8, BenchmarkMetric.F1.Of(items).Value, 12);
    }

    private static BenchmarkResult Run(TextModel model, BenchmarkItem[] items, int batch) =>
        Tasks.Benchmarks.Benchmark.Run(model, Task, items, new FewShot(Task, items, [], 0, null), new BenchmarkOptions { BatchSize = batch });

    /// <summary>Σ log p(token | tokens before it), from softmaxes in double.</summary>
    private static double Naive(TextModel model, int context, int[] ids)
    {
        using var _ = no_grad();
        var sum = 0.0;
        for (var t = context; t < ids.Length; t++)
        {
            using var scope = NewDisposeScope();
            var logits = model.Model.Logits(tensor(ids[..t].Select(i => (long)i).ToArray()).unsqueeze(0), new ForwardOptions { Adapter = model.Adapter })[0, t - 1].to(ScalarType.Float64).data<double>().ToArray();
            var max = logits.Max();
            sum += logits[ids[t]] - max - Math.Log(logits.Sum(l => Math.Exp(l - max)));
        }
        return sum;
    }
}
