using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using FsCheck.Xunit;
using Xunit;
using static AlignGuard.Evaluation.Tests.Judging.Onnx.TinyClassifier;

namespace AlignGuard.Evaluation.Tests.Judging.Onnx;

public class OnnxJudgeTests
{
    private static readonly int[] YouAreStupid = Ids("[CLS]", "you", "are", "stupid", "!", "[SEP]");

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public async Task Toxicity_is_the_strongest_toxic_label_as_computed_by_hand(bool int32, bool half, bool masked)
    {
        using var tiny = new TinyClassifier(new TinyOptions { Int32 = int32, Half = half, Masked = masked });
        using var judge = Judges.Open(tiny.Path);
        var read = await judge.ReadAsync([Exchange("You are STUPID!"), Exchange("bread")], default);
        Assert.Equal(JudgeReads.Toxicity, judge.Reads);
        Assert.Equal(tiny.Logits(YouAreStupid).Max(Sigmoid), read[0].Toxicity!.Value, half ? 1e-3 : 1e-6);
        Assert.Equal(tiny.Logits(Ids("[CLS]", "bread", "[SEP]")).Max(Sigmoid), read[1].Toxicity!.Value, half ? 1e-3 : 1e-6);
        Assert.Null(read[0].Verdict);
    }

    [Fact]
    public async Task Of_two_labels_that_exclude_one_another_the_unsafe_one_counts()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = ["safe", "unsafe"], ProblemType = null });
        using var judge = Judges.Open(tiny.Model);
        var logits = tiny.Logits(YouAreStupid);
        Assert.Equal(Sigmoid(logits[1] - logits[0]), (await judge.ReadAsync([Exchange("you are stupid!")], default))[0].Toxicity!.Value, 1e-6);
        Assert.StartsWith("onnx/model.onnx@", judge.Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pair_is_read_with_its_segments()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Types = true });
        using var judge = Judges.Open(tiny.Yaml("input: pair"));
        var ids = Ids("[CLS]", "are", "you", "?", "[SEP]", "kind", ".", "[SEP]");
        Assert.Equal(tiny.Logits(ids, [0, 0, 0, 0, 0, 1, 1, 1]).Max(Sigmoid), (await judge.ReadAsync([Exchange("kind.", "are you?")], default))[0].Toxicity!.Value, 1e-6);
    }

    [Fact]
    public async Task A_long_answer_is_cut_on_the_right_and_of_a_pair_the_longer_text_first()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Positions = 8 });
        using (var judge = Judges.Open(tiny.Path))
            Assert.Equal(tiny.Logits(Ids("[CLS]", "a", "b", "c", "d", "e", "f", "[SEP]")).Max(Sigmoid), (await judge.ReadAsync([Exchange("a b c d e f g h i j")], default))[0].Toxicity!.Value, 1e-6);
        using var pair = Judges.Open(tiny.Yaml("input: pair"));
        Assert.Equal(tiny.Logits(Ids("[CLS]", "x", "[SEP]", "a", "b", "c", "d", "[SEP]")).Max(Sigmoid), (await pair.ReadAsync([Exchange("a b c d e f g h i j", "x")], default))[0].Toxicity!.Value, 1e-6);
    }

    [Fact]
    public async Task Told_labels_are_verdicts_and_the_most_probable_of_them_decides()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = ["refusal", "compliance", "other"], ProblemType = "single_label_classification" });
        using var judge = Judges.Open(tiny.Yaml("verdicts: { refused: refusal, complied: compliance, incoherent: other }"));
        Assert.Equal(JudgeReads.Verdict, judge.Reads);
        string[] answers = ["you", "are", "kind", "stupid", "bread", "a", "b", "c", "d", "e"];
        var read = await judge.ReadAsync([.. answers.Select(a => Exchange(a))], default);
        var expected = answers.Select(a => tiny.Logits(Ids("[CLS]", a, "[SEP]")).Index().MaxBy(l => l.Item).Index switch { 0 => Verdict.Refused, 1 => Verdict.Complied, _ => Verdict.Incoherent }).ToList();
        Assert.Equal(expected, read.Select(r => r.Verdict!.Value));
        Assert.True(expected.Distinct().Count() > 1);
    }

    [Fact]
    public async Task A_model_of_one_shape_only_gets_it()
    {
        using var tiny = new TinyClassifier(new TinyOptions { FixedRows = 3, FixedLength = 10 });
        using var judge = Judges.Open(tiny.Path);
        var read = await judge.ReadAsync([.. "abcde".Select(c => Exchange($"{c}")), Exchange("a b c d e f g h i j k")], default);
        Assert.Equal(tiny.Logits(Ids("[CLS]", "e", "[SEP]")).Max(Sigmoid), read[4].Toxicity!.Value, 1e-6);
        Assert.Equal(tiny.Logits(Ids("[CLS]", "a", "b", "c", "d", "e", "f", "g", "h", "[SEP]")).Max(Sigmoid), read[5].Toxicity!.Value, 1e-6);
    }

    [Property(MaxTest = 25)]
    public void A_judgement_depends_neither_on_the_batch_nor_on_what_is_read_beside_it(string[] texts, int seed, bool masked)
    {
        using var tiny = new TinyClassifier(new TinyOptions { Masked = masked });
        Exchange[] exchanges = [.. texts.Select(t => Exchange(t ?? "")), Exchange("you are kind"), Exchange("")];
        using var together = Judges.Open(tiny.Yaml("batch: 64"));
        using var alone = Judges.Open(tiny.Yaml("batch: 1"));
        var order = Enumerable.Range(0, exchanges.Length).ToArray();
        new Random(seed).Shuffle(order);
        var all = together.ReadAsync(exchanges, default).Result;
        var shuffled = alone.ReadAsync([.. order.Select(i => exchanges[i])], default).Result;
        foreach (var (place, i) in order.Index()) Assert.Equal(all[i].Toxicity!.Value, shuffled[place].Toxicity!.Value, 1e-5);
        Assert.Equal(together.Name, alone.Name);
    }

    [Fact]
    public void A_name_changes_with_all_that_a_judgement_depends_on()
    {
        string Name(TinyClassifier tiny, string keys = "")
        {
            using (tiny)
            using (var judge = Judges.Open(tiny.Yaml(keys)))
                return judge.Name;
        }
        var name = Name(new TinyClassifier());
        Assert.Matches("^onnx/tiny@[0-9a-f]{12}$", name);
        Assert.Equal(name, Name(new TinyClassifier(), "threads: 1"));
        string[] others = [Name(new TinyClassifier(seed: 2)), Name(new TinyClassifier(), "toxic: threat"), Name(new TinyClassifier(), "maxLength: 64"), Name(new TinyClassifier(), "input: pair"), Name(new TinyClassifier(), "activation: softmax\ntoxic: [toxic, threat]")];
        Assert.Equal(others.Length, others.Append(name).Distinct().Count() - 1);
    }

    [Fact]
    public async Task A_cancelled_reading_stops()
    {
        using var tiny = new TinyClassifier();
        using var judge = Judges.Open(tiny.Path);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => judge.ReadAsync([Exchange("a")], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Natives_of_other_systems_are_not_beside_the_program()
    {
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so")));
        var natives = Directory.GetFiles(AppContext.BaseDirectory, "*onnxruntime*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!).Where(f => f != "Microsoft.ML.OnnxRuntime.dll");
        Assert.All(natives, n => Assert.EndsWith(".so", n, StringComparison.Ordinal));
    }

    internal static Exchange Exchange(string answer, string prompt = "what?") => new(new Prompt("p", prompt, "", false, "", "", -1), answer);
}
