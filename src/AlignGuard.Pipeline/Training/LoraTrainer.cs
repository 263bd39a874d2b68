using AlignGuard.Guards.Penalties;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
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
    /// <summary>c of row trimming: a row's weight is min(1, c·median/loss). 0 = off.</summary>
    public double TrimAt { get; init; }
}

/// <summary>What one step did. Losses in nats per response token; terms before their λ.</summary>
public sealed record StepReport(long Step, double Loss, double Alignment, double Stability, double Riemannian, double Geodesic, double GradientNorm, bool Skipped);

/// <summary>LoRA training, step by step. Everything random is a function of (seed, step), so a step can be repeated anywhere.</summary>
public sealed class LoraTrainer : IDisposable
{
    private readonly DecoderModel _model;
    private readonly IReadOnlyList<TokenRow> _rows;
    private readonly TrainerOptions _options;
    private readonly RowOrder _order;

    public LoraTrainer(DecoderModel model, LoraAdapter adapter, IReadOnlyList<TokenRow> rows, TrainerOptions options)
    {
        (_model, Adapter, _rows, _options) = (model, adapter, rows, options);
        _order = new RowOrder(rows.Count, options.Batch * options.Accumulate, options.Seed);
        Optimizer = new AdamW(adapter.Parameters, options.WeightDecay, options.Clip);
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
        if (!skip) Optimizer.Step(_options.Schedule.At((int)step), norm);
        return Report(step, loss, terms, norm, skip);
    }

    public void Dispose() => Optimizer.Dispose();

    /// <summary>Gradient of the token-normalised task loss over all micro-batches; the loss itself, detached. Null = told to stop.</summary>
    private Tensor? Accumulate(long step, CancellationToken stop)
    {
        var chosen = _order.Of(step).Select(r => _rows[r]).Chunk(_options.Batch).ToList();
        var batches = chosen.Select(rows => TokenBatch.Pack(rows, _options.PadId, _options.MaxLength, _model.Device)).ToList();
        double tokens = batches.Sum(b => b.TotalResponseTokens);
        var total = zeros(1, device: _model.Device);
        for (var micro = 0; micro < batches.Count; micro++)
        {
            if (micro > 0 && stop.IsCancellationRequested) return null;
            using var scope = NewDisposeScope();
            using var batch = batches[micro];
            if (Adapter.Spec.Dropout > 0) manual_seed(Seeds.Derive(_options.Seed, "dropout", step, micro));
            var perToken = ResponseLoss.PerToken(_model, batch, new ForwardOptions { Adapter = Adapter, Training = true });
            total.add_(perToken.detach().sum() / tokens);
            if (_options.TrimAt > 0) perToken = perToken * RowTrimming.Weights(perToken.detach(), batch, _options.TrimAt);
            (perToken.sum() / tokens).backward();
        }
        return total;
    }

    private static StepReport Report(long step, Tensor loss, PenaltyTerms? terms, double norm, bool skipped)
    {
        if (terms is null) return new(step, loss.item<float>(), 0, 0, 0, 0, norm, skipped);
        var values = stack([loss.squeeze(), terms.Alignment.detach(), terms.Stability.detach(), terms.Riemannian.detach(), terms.Geodesic.detach()]).cpu().data<float>().ToArray();
        return new(step, values[0], values[1], values[2], values[3], values[4], norm, skipped);
    }
}
