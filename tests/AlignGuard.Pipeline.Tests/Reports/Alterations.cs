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
        Gate = r.Gate is null ? null : r.Gate with { Checks = [.. r.Gate.Checks.Select(c => c with { Name = f(c.Name), Sentence = f(c.Sentence) })] },
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
        Gate = r.Gate is null ? null : r.Gate with { Checks = [.. r.Gate.Checks.Select(c => c with { Estimate = v, Low = v, High = v, Threshold = v })] },
    };

    private static Rates All(Rates r, double v) => r with
    {
        Refusal = All(v), OverRefusal = All(v), Helpful = All(v), Complied = All(v), Incoherent = All(v), Task = All(v),
        Categories = [.. r.Categories.Select(c => c with { Refusal = All(v), OverRefusal = All(v), Helpful = All(v) })],
    };

    private static Rate All(double v) => new(v, v, v, 0);
}
