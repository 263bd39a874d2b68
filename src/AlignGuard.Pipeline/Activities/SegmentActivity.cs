using AlignGuard.Domain.Spec;
using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Models.Lora;
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
    /// <param name="Loss">Mean task loss of the segment, nats per token.</param>
    /// <param name="Skipped">Steps whose gradient was not finite and that touched nothing.</param>
    /// <param name="Margin">Refusal margin at its end (nats), by teacher forcing.</param>
    /// <param name="Kl">KL(base‖tuned) at its end, nats per response token.</param>
    public sealed record Result(int FromStep, int ReachedStep, double Loss, int Skipped, double? Margin, double? Kl);

    // Enough for a curve; the drift checks measure it on more.
    private const int ForcedPrompts = 64;

    /// <summary>Optimizer steps before the state of <c>optimizer.safetensors</c>; skipped steps do not count.</summary>
    private sealed record State(int Step, long OptimizerSteps, int Threads);

    /// <param name="LayerCosine">cos(dW_A, dW_T) under the diagonal Fisher metric and the Euclidean one.</param>
    public sealed record LayerCosine(string Layer, double FisherDiagonal, double Euclidean);

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents, int from, int to)
    {
        using var scope = NewDisposeScope();
        using var adapter = await AdapterState.OpenAsync(run, parents.GetValueOrDefault("segment"));
        RefuseFullStore(run.Store, adapter);
        using var trainer = new LoraTrainer(run.Model.Model, adapter, run.Inputs.Train, Options(run));
        if (parents.TryGetValue("segment", out var commit))
        {
            var state = await run.Protocol.ReadJsonAsync<State>(commit, AdapterState.StateName);
            trainer.Optimizer.Restore(await AdapterState.TensorsAsync(run, commit, AdapterState.OptimizerName), state.OptimizerSteps);
        }
        using var guard = parents.TryGetValue("basis", out var basis) ? await OpenGuardAsync(run, adapter, basis) : null;

        var reports = new List<StepReport>();
        for (var step = from; step < to && !run.Stop.Requested; step++)
        {
            if (trainer.Step(step, guard, run.Stop.Token) is not { } report) break;
            reports.Add(report);
            run.Observer.Stepped(reports[^1], run.Spec.Train.Steps);
        }
        run.Stop.ThrowIfAbandoned();
        if (reports.Count == 0) run.Stop.Token.ThrowIfCancellationRequested();
        RefuseDiverged(run, reports);
        // Whoever is told to stop has no time for measurements: the commit comes first.
        var forced = run.Stop.Requested ? null : await ForcedAsync(run, adapter);
        run.Stop.ThrowIfAbandoned();
        return new Made(Files(adapter, trainer, guard, reports),
            new Result(from, from + reports.Count, reports.Average(r => r.Loss), reports.Count(r => r.Skipped), forced?.Margin, forced?.Kl));
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

    private static TrainerOptions Options(RunContext run)
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
            MaxLength = t.SeqLen,
            Seed = t.Seed,
            PadId = run.Model.PadId,
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

    private static Dictionary<string, byte[]> Files(LoraAdapter adapter, LoraTrainer trainer, Guard? guard, List<StepReport> reports)
    {
        var (moments, steps) = trainer.Optimizer.State();
        return new Dictionary<string, byte[]>
        {
            [AdapterState.AdapterName] = AdapterState.Bytes(PeftAdapter.Tensors(adapter), PeftAdapter.Metadata),
            [AdapterState.OptimizerName] = AdapterState.Bytes(moments),
            [AdapterState.StateName] = CommitProtocol.ToJson(new State((int)reports[^1].Step + 1, steps, get_num_threads())),
            [StepsName] = Measuring.Lines(reports),
            [CosinesName] = CommitProtocol.ToJson((guard?.Cosines() ?? []).Select(c => new LayerCosine(c.Layer, c.FisherDiagonal, c.Euclidean))),
        };
    }

    /// <summary>
    /// A few non-finite gradients are skipped and counted; a segment made of them has nothing worth committing. Of a short segment, or what there is of one that was told to stop,
    /// a few prove nothing.
    /// </summary>
    private static void RefuseDiverged(RunContext run, List<StepReport> reports)
    {
        const int few = 3;
        var skipped = reports.Where(r => r.Skipped).ToList();
        var nothingDone = skipped.Count == reports.Count && !run.Stop.Requested;
        if (skipped.Count * 10 > reports.Count && (skipped.Count > few || nothingDone))
            throw new DivergedException($"{skipped.Count} of {reports.Count} steps had a gradient that is not finite, first at step {skipped[0].Step}. "
                + "The training diverges: lower train.lr or guard.lambdaA, or look at the rows of that step. The run keeps its last commit.");
    }
}

/// <summary>Training produced NaN or infinity.</summary>
public sealed class DivergedException(string message) : Exception(message);
