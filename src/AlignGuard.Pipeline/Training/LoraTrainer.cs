using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AlignGuard.Guards.Penalties;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Training;

/// <summary>How steps are taken.</summary>
public sealed record TrainerOptions
{
    /// <summary>Rows a micro-batch.</summary>
    public int Batch { get; init; } = 8;
    /// <summary>Micro-batches a step; the loss is normalised by the tokens of all of them.</summary>
    public int Accumulate { get; init; } = 1;
    public required LearningSchedule Schedule { get; init; }
    public double WeightDecay { get; init; }
    public double Clip { get; init; } = 1;
    public int MaxLength { get; init; } = 512;
    public long Seed { get; init; }
    public int PadId { get; init; }
    /// <summary>Factor of the scheduled learning rate.</summary>
    public double Rate { get; init; } = 1;
    /// <summary>LoRA+: learning rate of B over that of A.</summary>
    public double LrRatio { get; init; } = 1;
    /// <summary>Activations of a layer are computed again when its gradients need them.</summary>
    public bool Checkpointing { get; init; }
    /// <summary>c of row trimming: a row's weight is min(1, c·median/loss). 0 = off.</summary>
    public double TrimAt { get; init; }
    /// <summary>Rows of a micro-batch share sequences (<see cref="SequencePacking"/>).</summary>
    public bool Packing { get; init; }
    /// <summary>Rows of like length meet in a micro-batch (<see cref="LengthGroups"/>).</summary>
    public bool GroupByLength { get; init; }
}

/// <summary>What one step did. Losses in nats per response token; terms before their λ.</summary>
public sealed record StepReport(long Step, double Loss, double Alignment, double Stability, double Riemannian, double Geodesic, double GradientNorm, bool Skipped);

/// <summary>LoRA training, step by step. Everything random is a function of (seed, step), so a step can be repeated anywhere.</summary>
public sealed class LoraTrainer : IDisposable
{
    private readonly LanguageModel _model;
    private readonly IReadOnlyList<TokenRow> _rows;
    private readonly TrainerOptions _options;
    private readonly RowOrder _order;
    private int _microBatch;

    public LoraTrainer(LanguageModel model, LoraAdapter adapter, IReadOnlyList<TokenRow> rows, TrainerOptions options)
    {
        (_model, Adapter, _rows, _options, _microBatch) = (model, adapter, rows, options, options.Batch);
        var groups = options.GroupByLength ? new LengthGroups([.. rows.Select(r => Math.Min(options.MaxLength, r.LongestSide))], options.Batch, options.Seed) : null;
        _order = new RowOrder(rows.Count, options.Batch * options.Accumulate, options.Seed, groups);
        Optimizer = options.LrRatio == 1 ? new AdamW(adapter.Parameters, options.WeightDecay, options.Clip)
            : new AdamW([(1, [.. adapter.Groups.SelectMany(g => g.Parameters.Where(p => p.Handle != g.B.Handle))]), (options.LrRatio, [.. adapter.Groups.Select(g => g.B)])], options.WeightDecay, options.Clip);
    }

    public LoraAdapter Adapter { get; }
    public AdamW Optimizer { get; }

    /// <param name="guard">Null = plain LoRA.</param>
    public StepReport Step(long step, Guard? guard) => Step(step, guard, CancellationToken.None)!;

    /// <returns>Null = told to stop between two micro-batches: nothing but gradients was touched, and the step can be taken again.</returns>
    public StepReport? Step(long step, Guard? guard, CancellationToken stop)
    {
        using var scope = NewDisposeScope();
        Optimizer.ZeroGradients();
        if (Accumulate(step, stop) is not { } loss) return null;
        var terms = guard?.Evaluate(step);
        if (terms is not null) guard!.Total(terms).backward();

        // The one place a step waits for the device: a step whose gradient is not finite must not touch the weights.
        var norm = Optimizer.GradientNorm();
        var skip = !double.IsFinite(norm);
        if (!skip) Optimizer.Step(_options.Schedule.At((int)step) * _options.Rate, norm);
        return Report(step, loss, terms, norm, skip);
    }

    /// <summary>Rows of a micro-batch: the job's, or fewer where the device had no room for them.</summary>
    public int MicroBatch => _microBatch;

    /// <summary>Tells of a micro-batch that was halved.</summary>
    public Action<string>? Told { get; init; }

    /// <summary>Called with the rows of a micro-batch before it is computed: where tests put faults.</summary>
    internal Action<int>? Computing { get; init; }

    /// <summary>Indices of a step's rows.</summary>
    public IReadOnlyList<int> RowsOf(long step) => _order.Of(step);

    /// <summary>The first 16 digits of the sha-256 of a step's token ids.</summary>
    public string HashOf(long step)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in RowsOf(step)) hash.AppendData(MemoryMarshal.AsBytes(_rows[row].Ids.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    public void Dispose() => Optimizer.Dispose();

    /// <summary>
    /// As <see cref="AccumulateOnce"/>. Where the device has no room for a micro-batch, the step is begun again with half of it, and so with twice as many: the loss is normalised by the tokens of the whole step,
    /// so that the update is the same but for rounding and the draws of dropout.
    /// </summary>
    /// <exception cref="DeviceOutOfMemoryException">A single row is too much.</exception>
    private Tensor? Accumulate(long step, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return AccumulateOnce(step, stop);
            }
            catch (Exception e) when (DeviceMemory.IsExhausted(e))
            {
                if (_microBatch == 1) throw new DeviceOutOfMemoryException(_model.Device, e);
                _microBatch = (_microBatch + 1) / 2;
                Optimizer.ZeroGradients();
                CheckpointedLayer.Abandon();
                Told?.Invoke($"The device has no room for the micro-batch: on with {_microBatch} of its {_options.Batch} rows at a time, the same rows a step. `alignguard model estimate` tells what fits.");
            }
        }
    }

    /// <summary>Gradient of the token-normalised task loss over all micro-batches; the loss itself, detached. Null = told to stop.</summary>
    private Tensor? AccumulateOnce(long step, CancellationToken stop)
    {
        using var outer = NewDisposeScope();
        var chosen = _order.Of(step).Select(r => _rows[r]).Chunk(_microBatch).ToList();
        var batches = chosen.Select(rows => TokenBatch.Pack(rows, _options.PadId, _options.MaxLength, _model.Device, _options.Packing)).ToList();
        try
        {
            double tokens = batches.Sum(b => b.TotalResponseTokens);
            var total = zeros(1, device: _model.Device);
            for (var micro = 0; micro < batches.Count; micro++)
            {
                if (micro > 0 && stop.IsCancellationRequested) return null;
                using var scope = NewDisposeScope();
                using var batch = batches[micro];
                Computing?.Invoke(batch.Rows);
                var seed = Seeds.Derive(_options.Seed, "dropout", step, micro);
                if (Adapter.Spec.Dropout > 0) manual_seed(seed);
                var perToken = ResponseLoss.PerToken(_model, batch, new ForwardOptions { Adapter = Adapter, Training = true, Checkpointing = _options.Checkpointing, LayerSeed = _options.Checkpointing && Adapter.Spec.Dropout > 0 ? seed : null });
                total.add_(perToken.detach().sum() / tokens);
                if (_options.TrimAt > 0) perToken = perToken * RowTrimming.Weights(perToken.detach(), batch, _options.TrimAt);
                (perToken.sum() / tokens).backward();
                if (_options.Checkpointing) CheckpointedLayer.Finish();
            }
            return total.MoveToOuterDisposeScope();
        }
        finally
        {
            // Those of a step that was broken off too.
            foreach (var batch in batches) batch.Dispose();
        }
    }

    private static StepReport Report(long step, Tensor loss, PenaltyTerms? terms, double norm, bool skipped)
    {
        if (terms is null) return new(step, loss.item<float>(), 0, 0, 0, 0, norm, skipped);
        var values = stack([loss.squeeze(), terms.Alignment.detach(), terms.Stability.detach(), terms.Riemannian.detach(), terms.Geodesic.detach()]).cpu().data<float>().ToArray();
        return new(step, values[0], values[1], values[2], values[3], values[4], norm, skipped);
    }
}
