using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Optimizers = TorchSharp.Modules;

namespace AlignGuard.Pipeline.Training;

/// <summary>TorchSharp's AdamW with clipping by global norm and a state that can be written as named tensors.</summary>
public sealed class AdamW : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Optimizers.AdamW _optimizer;
    private readonly double _clip;
    private readonly double[] _rates;

    /// <param name="clip">Largest global gradient norm; 0 = no clipping.</param>
    public AdamW(IReadOnlyList<Parameter> parameters, double weightDecay, double clip) : this([(1, parameters)], weightDecay, clip) { }

    /// <param name="groups">Parameters with the factor of their learning rate.</param>
    /// <param name="clip">Largest global gradient norm; 0 = no clipping.</param>
    public AdamW(IReadOnlyList<(double Rate, IReadOnlyList<Parameter> Parameters)> groups, double weightDecay, double clip)
    {
        (_parameters, _clip, _rates) = ([.. groups.SelectMany(g => g.Parameters)], clip, [.. groups.Select(g => g.Rate)]);
        using var scope = NewDisposeScope();
        // By its initialiser: its constructor has defaults of its own, a weight decay of 0 among them, which would stand before the optimizer's.
        _optimizer = new Optimizers.AdamW(groups.Select(g => new Optimizers.AdamW.ParamGroup { Parameters = g.Parameters }), lr: 1e-3, weight_decay: weightDecay);
        foreach (var state in States())
        {
            state.exp_avg.DetachFromDisposeScope();
            state.exp_avg_sq.DetachFromDisposeScope();
        }
    }

    /// <summary>Global norm of the current gradients; not finite = the step must not be taken.</summary>
    public double GradientNorm()
    {
        using var scope = NewDisposeScope();
        return stack([.. Gradients().Select(g => g.square().sum())]).sum().sqrt().item<float>();
    }

    /// <summary>Clips and updates. <paramref name="norm"/> comes from <see cref="GradientNorm"/>.</summary>
    public void Step(double learningRate, double norm)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        if (_clip > 0 && norm > _clip)
            foreach (var gradient in Gradients()) gradient.mul_(_clip / (norm + 1e-6));
        foreach (var (group, rate) in _optimizer.ParamGroups.Zip(_rates)) group.LearningRate = learningRate * rate;
        _optimizer.step();
    }

    public void ZeroGradients()
    {
        foreach (var gradient in Gradients()) gradient.zero_();
    }

    /// <summary>First and second moments under stable names, plus the step count.</summary>
    public (IReadOnlyDictionary<string, Tensor> Moments, long Steps) State() =>
        (Named().ToDictionary(s => s.Name, s => s.Moment.detach().cpu().clone()), States().First().step);

    /// <summary>Restores what <see cref="State"/> gave.</summary>
    public void Restore(IReadOnlyDictionary<string, Tensor> moments, long steps)
    {
        using var _ = no_grad();
        foreach (var (name, moment) in Named()) moment.copy_(moments[name]);
        foreach (var state in States()) state.step = steps;
    }

    public void Dispose() => _optimizer.Dispose();

    private IEnumerable<Tensor> Gradients() => _parameters.Select(p => p.grad!).Where(g => g is not null);

    private IEnumerable<Optimizers.AdamW.State> States() => _optimizer.state_dict().State.Cast<Optimizers.AdamW.State>();

    private IEnumerable<(string Name, Tensor Moment)> Named() =>
        States().SelectMany((s, n) => new[] { ($"{n:d4}.exp_avg", s.exp_avg), ($"{n:d4}.exp_avg_sq", s.exp_avg_sq) });
}
