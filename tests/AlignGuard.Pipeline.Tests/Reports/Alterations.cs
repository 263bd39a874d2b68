using AlignGuard.Pipeline.Reports;

namespace AlignGuard.Pipeline.Tests.Reports;

/// <summary>A report with every free text replaced.</summary>
internal static class Texts
{
    /// <summary>All but the few that choose between looks: method, projector, outcome, run id.</summary>
    public static RunReport In(RunReport r, Func<string, string> f) => r with
    {
        Name = f(r.Name), Job = f(r.Job), Warnings = [.. r.Warnings.Select(f)],
        Model = r.Model with { Path = f(r.Model.Path), Hash = f(r.Model.Hash) },
        Hashes = new(f(r.Hashes.Spec), f(r.Hashes.Model), f(r.Hashes.Data), f(r.Hashes.Prompts)),
        Software = r.Software.ToDictionary(p => f(p.Key), p => f(p.Value)),
        Base = In(r.Base, f), Tuned = In(r.Tuned, f),
        Spectra = [.. r.Spectra.Select(s => s with { Layers = [.. s.Layers.Select(l => l with { Layer = f(l.Layer) })] })],
        Cosines = [.. r.Cosines.Select(c => c with { Layer = f(c.Layer) })],
        Samples = [.. r.Samples.Select(s => s with { Prompt = f(s.Prompt), Category = f(s.Category), BaseAnswer = f(s.BaseAnswer), TunedAnswer = f(s.TunedAnswer) })],
        Comparison = r.Comparison is null ? null : In(r.Comparison, f),
        Gate = r.Gate is null ? null : r.Gate with { Checks = [.. r.Gate.Checks.Select(c => c with { Name = f(c.Name), Sentence = f(c.Sentence) })] },
    };

    /// <summary>All but the metrics' names, which choose between charts.</summary>
    public static DriftReport In(DriftReport d, Func<string, string> f) => d with
    {
        Line = f(d.Line), Judges = [.. d.Judges.Select(f)], Categories = [.. d.Categories.Select(c => c with { Category = f(c.Category!) })],
        Flips = new([.. d.Flips.Counts.Select(c => c with { Category = f(c.Category) })],
            [.. d.Flips.Listed.Select(l => l with { Category = f(l.Category), Id = f(l.Id), Text = l.Text is null ? null : new(f(l.Text.Prompt), f(l.Text.Before), f(l.Text.After)) })]),
        Agreement = [.. d.Agreement.Select(a => a with { Judge = f(a.Judge) })],
    };

    private static Rates In(Rates r, Func<string, string> f) => r with { Categories = [.. r.Categories.Select(c => c with { Category = f(c.Category) })] };
}

/// <summary>A report with every measured number replaced.</summary>
internal static class Numerals
{
    public static RunReport All(RunReport r, double v) => r with
    {
        Seconds = v, Base = All(r.Base, v), Tuned = All(r.Tuned, v),
        Drift = [.. r.Drift.Select(d => new DriftPoint(d.Step, All(v), All(v), All(v), All(v), v))],
        Forced = [.. r.Forced.Select(f => new ForcedPoint(f.Step, v, v, v))],
        Steps = [.. r.Steps.Select(s => new StepPoint(s.Step, v, v, v, v, v, v))],
        Spectra = [.. r.Spectra.Select(s => s with { Layers = [.. s.Layers.Select(l => l with { Energy = v, Trace = v, OutShares = [.. l.OutShares.Select(_ => v)], InShares = [.. l.InShares.Select(_ => v)] })] })],
        Cosines = [.. r.Cosines.Select(c => c with { FisherDiagonal = v, Euclidean = v })],
        Comparison = r.Comparison is null ? null : All(r.Comparison, v),
        Gate = r.Gate is null ? null : r.Gate with { Confidence = v, Checks = [.. r.Gate.Checks.Select(c => c with { Estimate = v, Low = v, High = v, Threshold = v })] },
    };

    private static Rates All(Rates r, double v) => r with
    {
        Refusal = All(v), OverRefusal = All(v), Helpful = All(v), Complied = All(v), Incoherent = All(v), Task = All(v),
        Categories = [.. r.Categories.Select(c => c with { Refusal = All(v), OverRefusal = All(v), Helpful = All(v) })],
    };

    private static DriftReport All(DriftReport d, double v) => d with
    {
        Overall = All(d.Overall, v), Categories = [.. d.Categories.Select(c => All(c, v))], Detectable = v,
        Toxicity = d.Toxicity is null ? null : new(0, Span(v), Span(v), Span(v), All(v), All(v), Span(v), v),
        Agreement = [.. d.Agreement.Select(a => new AgreementReport(a.Judge, new(0, v, Span(v)), new(0, v, null)))],
    };

    private static DriftGroup All(DriftGroup g, double v) => g with { Figures = [.. g.Figures.Select(f => new DriftFigure(f.Metric, All(v), All(v), Span(v), v, v, f.BeyondChance))] };

    private static Span Span(double v) => new(v, v, v);

    private static Rate All(double v) => new(v, v, v, 0);
}
