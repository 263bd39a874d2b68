using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Trains from one step to another and commits adapter and optimizer; told to stop, it commits what it has.</summary>
internal static class SegmentActivity
{
    public const string StepsName = "steps.jsonl", CosinesName = "cosines.json";

    /// <param name="ReachedStep">Steps done since the start of the run.</param>
    /// <param name="Loss">Mean task loss of the steps that were taken, nats per token; NaN where none was.</param>
    /// <param name="Skipped">Steps whose gradient was not finite and that touched nothing.</param>
    /// <param name="Margin">Refusal margin at its end (nats), by teacher forcing.</param>
    /// <param name="Kl">KL(base‖tuned) at its end, nats per response token.</param>
    public sealed record Result(int FromStep, int ReachedStep, double Loss, int Skipped, double? Margin, double? Kl)
    {
        /// <summary>KL(base‖tuned) at its end over the first tokens of an answer, nats per token.</summary>
        public double? OpeningKl { get; init; }

        /// <summary>Loss on the held-out rows at its end, nats per token; null where it was not asked for.</summary>
        public double? EvalLoss { get; init; }

        /// <summary>It diverged and was trained again at a lower rate.</summary>
        public bool RolledBack { get; init; }
    }

    // Enough for a curve; the drift checks measure it on more.
    private const int ForcedPrompts = 64;

    /// <param name="LayerCosine">cos(dW_A, dW_T) under the diagonal Fisher metric and the Euclidean one.</param>
    public sealed record LayerCosine(string Layer, double FisherDiagonal, double Euclidean);

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents, Work.Segment work)
    {
        var start = await SegmentStart.OpenAsync(run, parents.GetValueOrDefault("segment"));
        var rate = start.State?.Rate ?? 1;
        while (true)
        {
            // A rollback is a second attempt from the segment's beginning: nothing of the first is kept.
            var (made, why) = await TrainAsync(run, parents, start, work, rate);
            if (made is not null) return made;
            (start, rate) = (await start.AtBeginningAsync(run, work.Parent), Divergence.LowerRate);
            run.Observer.Says($"{why}. Back to step {start.Step}; on from there with the learning rate halved. A second time ends the run.");
        }
    }

    /// <returns>What is to be committed; or null, and why the segment is to be trained again at a lower rate.</returns>
    private static async Task<(Made? Made, string Why)> TrainAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents, SegmentStart start, Work.Segment work, double rate)
    {
        using var scope = NewDisposeScope();
        using var adapter = await AdapterState.OpenAsync(run, start.Commit);
        RefuseFullStore(run.Store, adapter);
        using var trainer = new LoraTrainer(run.Model.Model, adapter, run.Inputs.Train, Options(run, rate)) { Told = run.Observer.Says };
        if (start is { Commit: { } commit, State: { } state }) trainer.Optimizer.Restore(await AdapterState.TensorsAsync(run, commit, AdapterState.OptimizerName), state.OptimizerSteps);
        using var guard = parents.TryGetValue("basis", out var basis) ? await OpenGuardAsync(run, adapter, basis) : null;

        var reports = new List<StepReport>();
        var watch = new LossWatch(start.State?.RecentLosses ?? [], start.State?.StepsOver ?? 0);
        for (var step = start.Step; step < work.ToStep && !run.Stop.Requested; step++)
        {
            if (Step(run, trainer, guard, step) is not { } report) break;
            reports.Add(report);
            run.Observer.Stepped(report, run.Spec.Train.Steps);
            watch = LossWatchModule.Next(watch, report.Loss, run.Spec.Train.Watchdog);
            if (LossWatchModule.Tripped(watch)) break;
        }
        run.Stop.ThrowIfAbandoned();
        // Behind a rollback there may be less by now than is committed: that stays, and the next process finds the same again.
        if (start.Step + reports.Count <= work.FromStep) run.Stop.Token.ThrowIfCancellationRequested();
        var skipped = start.SkippedBefore + reports.Count(r => r.Skipped);
        switch (Divergence.Judge(start.StepsBefore + reports.Count, skipped, run.Spec.Train.MaxSkipped, run.Stop.Requested, watch, rate < 1))
        {
            case SegmentHealth.RollBack back:
                return (null, back.Why);
            case SegmentHealth.Fail fail:
                throw new DivergedException(Sentence(fail.Why, run, trainer, reports, watch));
        }
        var reached = start.Step + reports.Count;
        var ended = reached == work.ToStep;
        // Where the decision hangs on it, it is measured even by whoever is told to stop: a run cut here goes on as one that was not.
        double? evaluation = ended && PlanModule.EvaluationDue(Plan.Of(run.Spec), reached) ? Measuring.ScoreTask(run, adapter, run.Spec.DriftCheck.Size, CancellationToken.None).Loss : null;
        // Whoever is told to stop has no time for measurements: the commit comes first.
        var forced = run.Stop.Requested ? null : await ForcedAsync(run, adapter);
        run.Stop.ThrowIfAbandoned();
        var (moments, steps) = trainer.Optimizer.State();
        var end = new SegmentState(reached, steps, get_num_threads()) { Rate = rate, RecentLosses = watch.Recent, StepsOver = watch.Over, Began = ended ? null : start.Began, Skipped = ended ? 0 : skipped };
        // A skipped step has no loss to speak of.
        var loss = reports.Where(r => !r.Skipped).Select(r => r.Loss).DefaultIfEmpty(double.NaN).Average();
        return (new Made(Files(adapter, moments, end, guard, reports),
            new Result(work.FromStep, reached, loss, reports.Count(r => r.Skipped), forced?.Margin, forced?.Kl) { OpeningKl = forced?.OpeningKl, EvalLoss = evaluation, RolledBack = rate < 1 && !(start.State?.Rate < 1) }), "");
    }

    /// <summary>Null = told to stop meanwhile.</summary>
    private static async Task<Forced?> ForcedAsync(RunContext run, LoraAdapter adapter)
    {
        try
        {
            return await Measuring.ForcedAsync(run, await run.Records.RequireAsync(run.Records.Baseline), adapter, ForcedPrompts, run.Stop.Token);
        }
        catch (OperationCanceledException) when (run.Stop.Requested)
        {
            return null;
        }
    }

    /// <summary>Null = told to stop.</summary>
    private static StepReport? Step(RunContext run, LoraTrainer trainer, Guard? guard, int step)
    {
        try
        {
            return trainer.Step(step, guard, run.Stop.Token);
        }
        catch (DeviceOutOfMemoryException e)
        {
            throw new UserFaultException([.. e.Problems, MemoryNeeded.Of(run)], e);
        }
    }

    private static TrainerOptions Options(RunContext run, double rate)
    {
        var t = run.Spec.Train;
        return new TrainerOptions
        {
            Batch = t.Batch,
            Accumulate = t.Accumulate,
            Schedule = new LearningSchedule(t.Lr, t.Warmup, t.Steps, t.Schedule.Tag switch
            {
                Schedule.Tags.Linear => LearningShape.Linear,
                Schedule.Tags.Cosine => LearningShape.Cosine,
                _ => LearningShape.Constant,
            }),
            WeightDecay = t.WeightDecay,
            Clip = t.Clip,
            LrRatio = run.Spec.Lora.LrRatio,
            Rate = rate,
            Checkpointing = t.Checkpointing,
            MaxLength = t.SeqLen,
            Seed = t.Seed,
            PadId = run.Model.PadId,
            Packing = run.Spec.Data.Packing,
            GroupByLength = run.Spec.Data.GroupByLength,
            TrimAt = run.Spec.IsGuarded && run.Spec.Guard.Rows.IsTrim ? run.Spec.Guard.TrimAt : 0,
        };
    }

    /// <summary>Before the steps, not after them: the adapter, AdamW's two moments, and as much again for everything small.</summary>
    private static void RefuseFullStore(IArtifactStore store, LoraAdapter adapter)
    {
        var needed = adapter.ParameterCount * sizeof(float) * 4;
        if (store.FreeBytes is { } free && free < needed)
            throw new StorageFullException($"The store {store.Location} has {free:N0} bytes left and the next segment's commit needs about {needed:N0}. Free space and give the same command again: the run goes on from its last commit.");
    }

    private static async Task<Guard> OpenGuardAsync(RunContext run, LoraAdapter adapter, CommitReference basis)
    {
        var spectra = await run.Protocol.ReadJsonAsync<List<LayerSpectrum>>(basis, DecomposeActivity.SpectrumName);
        var layers = BasisFile.Read(await AdapterState.TensorsAsync(run, basis, DecomposeActivity.BasisName), spectra);
        var g = run.Spec.Guard;
        var options = new PenaltyOptions
        {
            LambdaA = g.LambdaA,
            LambdaT = g.LambdaT,
            LambdaNC = g.LambdaNC,
            Alpha = g.Alpha,
            Beta = g.Beta,
            Metric = g.Metric.IsEuclidean ? OverlapMetric.Euclidean : OverlapMetric.FisherDiagonal,
            ErmRows = g.ErmRows,
        };
        var stability = g.H.IsTaskFisher ? TaskFisher.Diagonals(run, adapter) : null;
        var guard = new Guard(adapter, layers, options, run.Spec.Train.Seed, stability);
        foreach (var layer in layers.Values) layer.Dispose();
        return guard;
    }

    private static Dictionary<string, byte[]> Files(LoraAdapter adapter, IReadOnlyDictionary<string, Tensor> moments, SegmentState state, Guard? guard, List<StepReport> reports) => new()
    {
        [AdapterState.AdapterName] = AdapterState.Bytes(PeftAdapter.Tensors(adapter), PeftAdapter.Metadata),
        [AdapterState.OptimizerName] = AdapterState.Bytes(moments),
        [AdapterState.StateName] = CommitProtocol.ToJson(state),
        [StepsName] = Measuring.Lines(reports),
        [CosinesName] = CommitProtocol.ToJson((guard?.Cosines() ?? []).Select(c => new LayerCosine(c.Layer, c.FisherDiagonal, c.Euclidean))),
    };

    /// <summary>Names the rows of the first steps at fault, and hashes of what they hold: the same rows are found again in another order, or another file.</summary>
    private static string Sentence(string why, RunContext run, LoraTrainer trainer, List<StepReport> reports, LossWatch watch)
    {
        const int shown = 3;
        var atFault = (LossWatchModule.Tripped(watch) ? reports.TakeLast(watch.Over) : reports.Where(r => r.Skipped)).Take(shown);
        var batches = atFault.Select(r => $"step {r.Step} (rows {string.Join(", ", trainer.RowsOf(r.Step).Select(n => n + 1))} of data.train, batch sha-256 {trainer.HashOf(r.Step)})");
        return $"{why}, at the halved learning rate too: {string.Join("; ", batches)}. The training diverges: lower train.lr or guard.lambdaA, or look at these rows. Run {run.RunId} keeps its last commit.";
    }
}

/// <summary>Training produced NaN or infinity.</summary>
public sealed class DivergedException(string message) : Exception(message);
