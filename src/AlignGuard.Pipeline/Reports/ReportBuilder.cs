using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Training;
using Stored = AlignGuard.Guards.Projectors.LayerSpectrum;

namespace AlignGuard.Pipeline.Reports;

/// <summary>Gathers what a run left in the store into its report.</summary>
public static class ReportBuilder
{
    private const double Confidence = 0.95;
    private const int SamplesAKind = 6;

    /// <param name="besides">The run that it is shown beside: sample answers are to the same prompts then; null = this run's own choice.</param>
    public static async Task<RunReport> BuildAsync(RunContext run, State state, RunReport? besides = null)
    {
        var baseline = await run.Records.RequireAsync(run.Records.Baseline);
        var final = await run.Protocol.FindAsync(run.Records.FinalDrift);
        var before = await Measuring.AnswersAsync(run, baseline);
        var after = final is null ? [] : await Measuring.AnswersAsync(run, final);
        var gate = await run.Protocol.FindAsync(run.Records.Gate);
        var pairs = AnswerPair.Of(before, after);
        return new RunReport
        {
            Name = run.Spec.Name,
            RunId = run.RunId,
            Method = run.Spec.Method.ToString(),
            Projector = run.Spec.IsGuarded ? run.Spec.Guard.Projector.ToString() : null,
            Seed = run.Spec.Train.Seed,
            Outcome = Name(state.Outcome?.Value),
            Seconds = await new RunLog(run.Store, run.Folder).SecondsAsync(),
            Model = new ModelSummary(run.Spec.Model, run.Model.Model.ParameterCount, await AdapterParametersAsync(run), run.ModelHash),
            Hashes = new ReportHashes(run.SpecHash, run.ModelHash, run.Inputs.DataHash, run.Inputs.PromptHash),
            Software = baseline.Commit.Software.Concat(final?.Commit.Software ?? []).DistinctBy(v => v.Key).ToDictionary(v => v.Key, v => v.Value),
            Job = JsonNode.Parse(JobFile.Serialise(run.Spec))!.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }),
            Warnings = [.. run.Inputs.Warnings, .. state.Warnings.Distinct()],
            Base = RatesOf(before, await Measuring.TaskAsync(run, baseline)),
            Tuned = RatesOf(after, final is null ? null : await Measuring.TaskAsync(run, final)),
            RefusedPrompts = string.Concat(after.Where(a => a.Unsafe).Select(a => a.Verdict == Verdict.Refused ? '1' : '0')),
            Drift = await DriftAsync(run, state, baseline),
            Forced = await ForcedAsync(run, state),
            Steps = await StepsAsync(run, state),
            Spectra = await SpectraAsync(run, state),
            Cosines = await CosinesAsync(run, state),
            Samples = Samples(pairs, besides),
            Comparison = pairs.Count == 0 ? null : DriftReportBuilder.Of(pairs, run.Spec.Gate.Confidence, run.Spec.Gate.RefusalDrop),
            Gate = gate is null ? null : GateOf(gate, run.Spec.Gate.Confidence),
        };
    }

    /// <summary>Writes report.json and report.html beside the run; returns the page's name in the store.</summary>
    public static async Task<string> WriteAsync(RunContext run, RunReport report)
    {
        await PutAsync(run.Store, $"{run.Folder}/report.json", ReportJson.Write(report));
        await PutAsync(run.Store, $"{run.Folder}/report.html", HtmlReport.Render(run.Spec.Name, [report]));
        return $"{run.Folder}/report.html";
    }

    public static async Task PutAsync(IArtifactStore store, string name, string text) =>
        await store.ReplaceAsync(name, System.Text.Encoding.UTF8.GetBytes(text), (await store.ReadAsync(name))?.Version);

    public static string Name(Outcome? outcome) => outcome switch
    {
        null => "unfinished",
        { IsAccepted: true } => "accepted",
        { IsRejected: true } => "rejected",
        { IsCancelled: true } => "cancelled",
        _ => "failed",
    };

    private static Rates RatesOf(IReadOnlyList<PromptAnswer> answers, Evaluation.Tasks.TaskResult? task) => new()
    {
        Refusal = Share(answers.Where(a => a.Unsafe), Verdict.Refused),
        OverRefusal = Share(answers.Where(a => !a.Unsafe), Verdict.Refused),
        Helpful = Share(answers.Where(a => !a.Unsafe), Verdict.Complied),
        Complied = Share(answers.Where(a => a.Unsafe), Verdict.Complied),
        Incoherent = Share(answers, Verdict.Incoherent),
        Task = task is { Correct.Count: > 0 } ? Wilson(task.Correct.Count(c => c), task.Correct.Count) : null,
        Categories = [.. answers.GroupBy(a => a.Category).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
            new CategoryRates(g.Key, Share(g.Where(a => a.Unsafe), Verdict.Refused), Share(g.Where(a => !a.Unsafe), Verdict.Refused), Share(g.Where(a => !a.Unsafe), Verdict.Complied)))],
    };

    private static Rate Share(IEnumerable<PromptAnswer> answers, Verdict verdict)
    {
        var list = answers.ToList();
        return Wilson(list.Count(a => a.Verdict == verdict), list.Count);
    }

    private static Rate Wilson(int successes, int n)
    {
        if (n == 0) return new Rate(double.NaN, double.NaN, double.NaN, 0);
        var interval = Domain.Statistics.Wilson.Interval(successes, n, Confidence);
        return new Rate(interval.Value, interval.Lower, interval.Upper, n);
    }

    private static Rate Wilson(double share, int n) => Wilson((int)Math.Round(share * n), n);

    private static async Task<IReadOnlyList<DriftPoint>> DriftAsync(RunContext run, State state, CommitReference baseline)
    {
        var points = new List<DriftPoint> { Point(0, CommitProtocol.Result<Measurement>(baseline)) };
        foreach (var drift in state.Drifts)
        {
            var folder = drift.Size.IsFinal ? run.Records.FinalDrift : run.Records.Drift(drift.Segment);
            points.Add(Point(drift.Step, CommitProtocol.Result<Measurement>(await run.Records.RequireAsync(folder))));
        }
        return points;

        static DriftPoint Point(int step, Measurement m) => new(step, Wilson(m.Refusal, m.UnsafePrompts), Wilson(m.OverRefusal, m.SafePrompts), Wilson(m.Helpful, m.SafePrompts),
            Wilson(m.Complied, m.UnsafePrompts), m.Task);
    }

    private static async Task<IReadOnlyList<ForcedPoint>> ForcedAsync(RunContext run, State state)
    {
        var points = new List<ForcedPoint>();
        foreach (var segment in state.Segments)
        {
            var end = CommitProtocol.Result<SegmentActivity.Result>(await run.Records.RequireAsync(run.Records.Segment(segment.Index)));
            if (end is { Margin: { } margin, Kl: { } kl }) points.Add(new ForcedPoint(end.ReachedStep, margin, kl, end.OpeningKl));
        }
        return points;
    }

    private static async Task<IReadOnlyList<StepPoint>> StepsAsync(RunContext run, State state)
    {
        var points = new List<StepPoint>();
        foreach (var segment in state.Segments)
        {
            var commit = await run.Records.RequireAsync(run.Records.Segment(segment.Index));
            var steps = Measuring.ReadLines<StepReport>(await run.Protocol.ReadAsync(commit.File(SegmentActivity.StepsName)))
                .Select(s => new StepPoint(s.Step + 1, s.Loss, s.Alignment, s.Stability, s.Riemannian, s.Geodesic, s.GradientNorm)).ToList();
            // Behind a rollback a segment tells of steps before its own commit's again: those before it were thrown away.
            if (steps.Count > 0) points.RemoveAll(p => p.Step >= steps[0].Step);
            points.AddRange(steps);
        }
        return points;
    }

    private static async Task<IReadOnlyList<FisherSpectrum>> SpectraAsync(RunContext run, State state)
    {
        var spectra = new List<FisherSpectrum>();
        for (var refresh = 0; refresh < state.Bases; refresh++)
        {
            var commit = await run.Records.RequireAsync(run.Records.Basis(refresh));
            var layers = await run.Protocol.ReadJsonAsync<List<Stored>>(commit, DecomposeActivity.SpectrumName);
            spectra.Add(new FisherSpectrum(refresh, CommitProtocol.Result<DecomposeActivity.Result>(commit).AtStep,
                [.. layers.Select(l => new LayerSpectrum(l.Layer, l.Rank, l.Energy, l.Reached, l.Trace, l.OutShares, l.InShares))]));
        }
        return spectra;
    }

    private static async Task<IReadOnlyList<CosinePoint>> CosinesAsync(RunContext run, State state)
    {
        var points = new List<CosinePoint>();
        foreach (var segment in state.Segments)
        {
            var commit = await run.Records.RequireAsync(run.Records.Segment(segment.Index));
            var layers = await run.Protocol.ReadJsonAsync<List<SegmentActivity.LayerCosine>>(commit, SegmentActivity.CosinesName);
            points.AddRange(layers.Select(l => new CosinePoint(segment.ReachedStep, l.Layer, l.FisherDiagonal, l.Euclidean)));
        }
        return points;
    }

    /// <summary>Changed verdicts first: they are what a reader wants to see.</summary>
    private static IReadOnlyList<SampleAnswer> Samples(IReadOnlyList<AnswerPair> pairs, RunReport? besides)
    {
        var shown = besides?.Samples.Select(s => s.Prompt).ToHashSet() ?? [];
        return [.. new[] { true, false }.SelectMany(@unsafe => pairs.Where(p => p.Before.Unsafe == @unsafe)
                .OrderByDescending(p => shown.Contains(p.Before.Prompt)).ThenByDescending(p => p.Before.Verdict != p.After.Verdict).Take(SamplesAKind))
            .Select(p => new SampleAnswer(p.Before.Prompt, p.Before.Category, p.Before.Unsafe, p.Before.Answer, p.Before.Verdict, p.After.Answer, p.After.Verdict))];
    }

    private static GateReport GateOf(CommitReference gate, double confidence)
    {
        var result = CommitProtocol.Result<GateActivity.Result>(gate);
        return new GateReport(result.Accepted, [.. result.Checks.Select(c => new GateCheck(c.Name, c.Change, c.Low, c.High, c.Threshold, c.Passed, c.Sentence))]) { Confidence = confidence };
    }

    private static async Task<long> AdapterParametersAsync(RunContext run)
    {
        using var adapter = await AdapterState.OpenAsync(run, null);
        return adapter.ParameterCount;
    }
}
