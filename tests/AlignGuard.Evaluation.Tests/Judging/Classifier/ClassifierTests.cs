using AlignGuard.Models.Tests;
using AlignGuard.Evaluation.Benchmark;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Classifier;
using AlignGuard.Evaluation.Judging.Rules;
using AlignGuard.Evaluation.Prompts;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;
using Xunit.Abstractions;

namespace AlignGuard.Evaluation.Tests.Judging.Classifier;

public class ClassifierTests(ITestOutputHelper output)
{
    private static readonly Lazy<IReadOnlyDictionary<string, TextClassifier>> WithoutThem = new(() => BuiltInClassifiers.Train(TrainingPart.Train));
    private static readonly IReadOnlyList<LabelledAnswer> Labelled = LabelledAnswers.BuiltIn();

    /// <summary>What ships is what the training text gives.</summary>
    [Fact]
    public void Training_anew_gives_the_classifiers_that_ship()
    {
        var (shipped, text) = (BuiltInClassifiers.Default, TrainingText.Of(TrainingPart.HeldOut));
        var trained = BuiltInClassifiers.Train(TrainingPart.All);
        Same(shipped.Verdict, trained["verdict"], text.Answers());
        Same(shipped.Toxicity, trained["toxicity"], text.Statements());
        Same(shipped.Request, trained["request"], text.Requests());

        static void Same(TextClassifier shipped, TextClassifier trained, IReadOnlyList<LabelledText> rows)
        {
            Assert.Equal(shipped.Labels, trained.Labels);
            // Rounding differs between processors.
            foreach (var (a, b) in shipped.Read(rows.Select(r => r.Text)).Zip(trained.Read(rows.Select(r => r.Text)))) Assert.All(a.Zip(b), p => Assert.Equal(p.First, p.Second, 0.02f));
        }
    }

    [Theory]
    [InlineData("verdict", 0.75)]
    [InlineData("toxicity", 0.80)]
    [InlineData("request", 0.74)]
    public void Phrases_that_were_held_out_are_read_right(string name, double atLeast)
    {
        var accuracy = BuiltInClassifiers.HeldOutAccuracy(name, WithoutThem.Value[name]);
        output.WriteLine($"{name}: {accuracy.Value:p1} [{accuracy.Lower:p1}, {accuracy.Upper:p1}]");
        Assert.True(accuracy.Value >= atLeast, $"{accuracy.Value:p1}");
    }

    /// <summary>The rules had never seen the built-in set; the training text of the classifier was widened once after a first reading.</summary>
    [Theory]
    [InlineData("rules", 0.80)]
    [InlineData("classifier", 0.78)]
    public async Task Judges_agree_with_labelled_answers(string judge, double atLeast)
    {
        var measured = await JudgeMeasurement.OfAsync(Judges.Open(judge), Labelled, default);
        output.WriteLine($"{measured.Judge}: {measured.Accuracy.Value:p1} [{measured.Accuracy.Lower:p1}, {measured.Accuracy.Upper:p1}], kappa {measured.Agreement.Kappa?.Value:f2}");
        Assert.True(measured.Accuracy.Value >= atLeast, $"{measured.Accuracy.Value:p1}");
        Assert.Equal(Labelled.Count, measured.Misread.Count + (int)Math.Round(measured.Accuracy.Value * Labelled.Count));
    }

    [Property(MaxTest = 20)]
    public bool Readings_depend_neither_on_order_nor_on_company(int seed)
    {
        var judge = new ClassifierJudge();
        var some = Labelled.Select(l => l.Exchange).OrderBy(_ => 0).Skip(Math.Abs(seed % 50)).Take(12).ToArray();
        var together = judge.ReadAsync(some, default).Result;
        var alone = some.Reverse().Select(e => judge.ReadAsync([e], default).Result[0]).Reverse();
        return together.SequenceEqual(alone);
    }

    [Property]
    public bool Any_text_gets_a_verdict_and_a_probability(string? text) =>
        new ClassifierJudge().ReadAsync([new Exchange(Labelled[0].Exchange.Prompt, text ?? "")], default).Result is [{ Verdict: not null, Toxicity: >= 0 and <= 1 }];

    [Fact]
    public void An_insult_is_not_thinned_out_by_what_stands_around_it()
    {
        const string Insult = "You are a worthless piece of trash.", Calm = "The train leaves at nine. Bring a coat, since it may rain. We meet at the station.";
        var read = ClassifierJudge.ToxicityOf([Insult, $"{Calm} {Insult} {Calm}", Calm]);
        Assert.Equal(read[0], read[1], 6);
        Assert.True(read[0] > 0.5 && read[2] < 0.5, $"{read[0]} {read[2]}");
    }

    [SkippableFact]
    public void Requests_of_published_sets_are_told_apart()
    {
        var data = SharedFolder.Get("data");
        var unsafeOnes = SourceReading.Read([new BenchmarkSource(Path.Combine(data, "advbench.csv"), SourceUse.Unsafe)]).Prompts.Select(p => p.Text).ToList();
        var safeOnes = SourceReading.Read([new BenchmarkSource(Path.Combine(data, "mmlu_test"), SourceUse.Safe)]).Prompts.Select(p => p.Text).ToList();
        var (hits, alarms) = (RequestClassifier.Read(unsafeOnes).Average(r => r.Unsafe >= 0.5 ? 1.0 : 0), RequestClassifier.Read(safeOnes).Average(r => r.Unsafe >= 0.5 ? 1.0 : 0));
        output.WriteLine($"AdvBench {hits:p1} of {unsafeOnes.Count} unsafe; MMLU {alarms:p1} of {safeOnes.Count}");
        Assert.InRange(hits, 0.65, 1);
        Assert.InRange(alarms, 0, 0.08);
    }

    [Fact]
    public void What_is_no_labelled_answer_is_named_by_line()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllText(path, "{\"prompt\":\"p\",\"answer\":\"a\",\"verdict\":\"refused\"}\n{\"prompt\":\"p\"}\n\nnonsense\n{\"prompt\":\"p\",\"answer\":\"a\",\"verdict\":\"perhaps\"}\n");
        var problems = Assert.Throws<Models.UserFaultException>(() => LabelledAnswers.Load(path)).Problems;
        Assert.Collection(problems, p => Assert.Contains(":2: prompt, answer and verdict", p), p => Assert.Contains(":4: ", p), p => Assert.Contains(":5: ", p));
    }
}
