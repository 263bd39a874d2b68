using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using AdamW = AlignGuard.Pipeline.Training.AdamW;

namespace AlignGuard.Pipeline.Demo;

/// <summary>Trains every weight of a model of any family from scratch: how the bundled model came to be.</summary>
public sealed class FullTrainer : IDisposable
{
    private readonly IReadOnlyList<TokenRow> _rows;
    private readonly TrainerOptions _options;
    private readonly RowOrder _order;
    private readonly AdamW _optimizer;

    public FullTrainer(DecoderConfig config, IReadOnlyList<TokenRow> rows, TrainerOptions options)
    {
        (_rows, _options) = (rows, options);
        Model = new DecoderModel(config, Initial(config, options.Seed));
        _order = new RowOrder(rows.Count, options.Batch, options.Seed);
        _optimizer = new AdamW([.. Model.Weights.Values.Cast<Parameter>()], options.WeightDecay, options.Clip);
    }

    public DecoderModel Model { get; }

    /// <summary>One step; the loss in nats per response token.</summary>
    public double Step(long step)
    {
        using var scope = NewDisposeScope();
        _optimizer.ZeroGradients();
        using var batch = TokenBatch.Pack([.. _order.Of(step).Select(r => _rows[r])], _options.PadId, _options.MaxLength, Model.Device);
        var loss = ResponseLoss.PerToken(Model, batch, ForwardOptions.Plain).mean();
        loss.backward();
        _optimizer.Step(_options.Schedule.At((int)step), _optimizer.GradientNorm());
        return loss.item<float>();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        Model.Dispose();
    }

    /// <summary>Normal(0, 0.02), the residual branches' outputs shrunk by √(2·layers) (GPT-2's rule), norms at 1, biases at 0.</summary>
    private static Dictionary<string, Tensor> Initial(DecoderConfig config, long seed)
    {
        using var scope = NewDisposeScope();
        var weights = new Dictionary<string, Tensor>();
        foreach (var (name, shape) in DecoderShapes.Of(config))
        {
            using var generator = new Generator((ulong)Seeds.Derive(seed, "init/" + name));
            var deviation = name.EndsWith("o_proj.weight") || name.EndsWith("down_proj.weight") ? 0.02 / Math.Sqrt(2 * config.Layers) : 0.02;
            // Gemma's norms multiply by 1 + w.
            var neutral = name.EndsWith(".bias") || config.Norm == NormKind.RmsPlusOne ? 0.0 : 1.0;
            var value = shape.Length == 1 ? full(shape, neutral) : randn(shape, generator: generator).mul_(deviation);
            weights.Add(name, LiveTensors.NewParameter(value));
        }
        return weights;
    }
}
