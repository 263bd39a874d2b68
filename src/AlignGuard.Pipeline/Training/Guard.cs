using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Training;

/// <summary>The bases and strengths that steps are guarded with until the next refresh.</summary>
public sealed class Guard : IDisposable
{
    private readonly IReadOnlyList<(LoraGroup Group, GroupBasis Basis, DiagonalMetric? Stability)> _groups;
    private readonly PenaltyOptions _options;
    private readonly LoraAdapter _adapter;
    private readonly long _seed;

    /// <param name="layers">One basis for every adapted layer.</param>
    /// <param name="stability">H per layer for <c>h: task-fisher</c>; null = identity.</param>
    public Guard(LoraAdapter adapter, IReadOnlyDictionary<string, LayerBasis> layers, PenaltyOptions options, long seed,
        IReadOnlyDictionary<string, (Tensor Out, Tensor In)>? stability = null)
    {
        (_adapter, _options, _seed) = (adapter, options, seed);
        _groups = [.. adapter.Groups.Select(g => (g, new GroupBasis([.. g.Sites.Select(s => layers[s.Name])], g.A.device, g.A.dtype), Metric(g)))];

        DiagonalMetric? Metric(LoraGroup group)
        {
            if (stability is null) return null;
            using var scope = NewDisposeScope();
            return new DiagonalMetric(Stack(h => h.Out), Stack(h => h.In));

            Tensor Stack(Func<(Tensor Out, Tensor In), Tensor> side) =>
                stack([.. group.Sites.Select(s => side(stability[s.Name]))]).to(group.A.dtype).to(group.A.device).DetachFromDisposeScope();
        }
    }

    /// <summary>The energies of the whole adapter at a step; E_RM's rows depend on (seed, step) alone.</summary>
    public PenaltyTerms Evaluate(long step)
    {
        PenaltyTerms? sum = null;
        for (var g = 0; g < _groups.Count; g++)
        {
            var (group, basis, stability) = _groups[g];
            using var rows = _options.ErmRows > 0 && _options.ErmRows < group.Out
                ? tensor(Seeds.Host(_seed, "erm-rows", step, g).Sample(group.Out, _options.ErmRows), device: group.A.device)
                : null;
            var terms = GuardPenalty.Evaluate(group.A, group.B, _adapter.Spec.Scale, basis, _options, stability, rows);
            sum = sum is null ? terms : sum + terms;
        }
        return sum!;
    }

    public Tensor Total(PenaltyTerms terms) => terms.Total(_options);

    /// <summary>cos(dW_A, dW_T) of every adapted layer, under the diagonal Fisher metric and the Euclidean one.</summary>
    public IReadOnlyList<(string Layer, double FisherDiagonal, double Euclidean)> Cosines()
    {
        using var scope = NewDisposeScope();
        var all = new List<(string, double, double)>();
        foreach (var (group, basis, _) in _groups)
        {
            var (fisher, euclidean) = GuardPenalty.Cosines(group.A, group.B, _adapter.Spec.Scale, basis);
            var (f, e) = (fisher.cpu().to(ScalarType.Float64).data<double>(), euclidean.cpu().to(ScalarType.Float64).data<double>());
            for (var n = 0; n < group.Sites.Count; n++) all.Add((group.Sites[n].Name, f[n], e[n]));
        }
        return all;
    }

    public void Dispose()
    {
        foreach (var (_, basis, stability) in _groups)
        {
            basis.Dispose();
            stability?.Dispose();
        }
    }
}
