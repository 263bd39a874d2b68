using AlignGuard.Domain.Tasks;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>A figure of a benchmark, by the name it has in results, with its standard error.</summary>
/// <param name="Of">Of at least one item.</param>
public sealed record BenchmarkMetric(string Name, Func<IReadOnlyList<AnsweredItem>, Score> Of)
{
    /// <summary>Items whose likeliest choice is the right one.</summary>
    public static BenchmarkMetric Accuracy { get; } = new("acc", items => Classification.Accuracy(Gold(items), Chosen(items)));

    /// <summary>Items of which the right choice is the likeliest per character: lm-evaluation-harness' acc_norm.</summary>
    public static BenchmarkMetric AccuracyPerCharacter { get; } = Mean("acc_norm", a => a.ChosenPerCharacter == a.Item.Gold ? 1 : 0);

    /// <summary>Items of which the right choice is the likeliest per byte: lm-evaluation-harness' acc_bytes.</summary>
    public static BenchmarkMetric AccuracyPerByte { get; } = Mean("acc_bytes", a => a.ChosenPerByte == a.Item.Gold ? 1 : 0);

    /// <summary>F1 of the choice with index 1, the positive class of every task that uses it.</summary>
    public static BenchmarkMetric F1 { get; } = new("f1", items => Classification.F1(Gold(items), Chosen(items), 1));

    public static BenchmarkMetric MacroF1 { get; } = new("macro_f1", items => Classification.MacroF1(Gold(items), Chosen(items)));

    public static BenchmarkMetric Matthews { get; } = new("mcc", items => Classification.Matthews(Gold(items), Chosen(items)));

    /// <summary>Questions of which every item is right; its items are the questions.</summary>
    public static BenchmarkMetric WholeQuestions { get; } = new("em", items => ScoreModule.Mean([.. items.GroupBy(a => a.Item.Question).Select(q => q.All(a => a.Chosen == a.Item.Gold) ? 1.0 : 0)]));

    /// <summary>F1 of the words that the name of the likeliest choice shares with the reference it shares most with.</summary>
    public static BenchmarkMetric NameF1 { get; } = Mean("f1", a => a.Item.References.Max(r => Overlap.WordF1(a.Item.Names[a.Chosen], r)));

    /// <summary>Items of which the name of the likeliest choice equals a reference in SQuAD's normal form.</summary>
    public static BenchmarkMetric NameMatch { get; } = Mean("em", a => Overlap.EqualInNormalForm(a.Item.Names[a.Chosen], a.Item.References));

    /// <summary>Texts equal to a reference, blanks around them aside.</summary>
    public static BenchmarkMetric ExactMatch { get; } = Mean("exact_match", a => Overlap.Equal(a.Text!, a.Item.References));

    /// <summary>Texts equal to a reference in SQuAD's normal form.</summary>
    public static BenchmarkMetric QuasiExactMatch { get; } = Mean("quasi_exact_match", a => Overlap.EqualInNormalForm(a.Text!, a.Item.References));

    /// <summary>F1 of the words shared with the reference that shares most.</summary>
    public static BenchmarkMetric WordF1 { get; } = Mean("word_f1", a => a.Item.References.Max(r => Overlap.WordF1(a.Text!, r)));

    public static BenchmarkMetric Rouge1 { get; } = Mean("rouge1", a => a.Item.References.Max(r => Overlap.RougeN(a.Text!, r, 1)));

    public static BenchmarkMetric Rouge2 { get; } = Mean("rouge2", a => a.Item.References.Max(r => Overlap.RougeN(a.Text!, r, 2)));

    public static BenchmarkMetric RougeL { get; } = Mean("rougeL", a => a.Item.References.Max(r => Overlap.RougeL(a.Text!, r)));

    private static BenchmarkMetric Mean(string name, Func<AnsweredItem, double> figure) => new(name, items => ScoreModule.Mean([.. items.Select(figure)]));

    private static int[] Gold(IReadOnlyList<AnsweredItem> items) => [.. items.Select(a => a.Item.Gold)];

    private static int[] Chosen(IReadOnlyList<AnsweredItem> items) => [.. items.Select(a => a.Chosen)];
}
