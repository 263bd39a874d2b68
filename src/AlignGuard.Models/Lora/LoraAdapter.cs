using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AlignGuard.Models.Lora;

/// <summary>A LoRA adapter: dW = s·B·A on each target layer, PEFT orientation (A [r, i], B [o, r]), stacked by layer shape.</summary>
public sealed class LoraAdapter : IDisposable
{
    private LoraAdapter(LoraSpec spec, IReadOnlyList<LoraGroup> groups, bool ofEncoderDecoder) => (Spec, Groups, OfEncoderDecoder) = (spec, groups, ofEncoderDecoder);

    public LoraSpec Spec { get; }

    /// <summary>What kind of model it belongs to.</summary>
    public bool OfEncoderDecoder { get; }

    /// <summary>By shape, in order of first appearance.</summary>
    public IReadOnlyList<LoraGroup> Groups { get; }

    /// <summary>A and B (and DoRA's norms) of every group: what the optimizer updates.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. Groups.SelectMany(g => g.Parameters)];

    public IEnumerable<LinearSite> Sites => Groups.SelectMany(g => g.Sites);
    public long ParameterCount => Parameters.Sum(p => p.NumberOfElements);

    /// <summary>PEFT's initialisation: A ~ U(−1/√i, 1/√i) (Kaiming with a = √5), B = 0, so dW = 0. Each layer's A depends on the seed and its name alone.</summary>
    public static LoraAdapter Create(LanguageModel model, LoraSpec spec, long seed)
    {
        using var scope = NewDisposeScope();
        return Build(model, spec, (site, shape, isA) =>
        {
            if (!isA) return zeros(shape, dtype: ScalarType.Float32);
            using var generator = new Generator((ulong)Seeds.Derive(seed, "lora-init/" + site.Name));
            var bound = 1 / Math.Sqrt(site.In);
            return rand(shape, dtype: ScalarType.Float32, generator: generator).mul_(2 * bound).sub_(bound);
        });
    }

    /// <summary>From per-layer factors (float32 copies are taken).</summary>
    /// <param name="factor">(site, isA) → A [r, i] or B [o, r].</param>
    /// <param name="norms">DoRA's of a site, [o]; null = those of W0.</param>
    public static LoraAdapter From(LanguageModel model, LoraSpec spec, Func<LinearSite, bool, Tensor> factor, Func<LinearSite, Tensor>? norms = null) =>
        Build(model, spec, (site, _, isA) => factor(site, isA), norms);

    /// <summary>DoRA's norms [o] of every layer as detached copies on the CPU; none without.</summary>
    public IEnumerable<(LinearSite Site, Tensor Norms)> Norms() =>
        Groups.Where(g => g.Magnitude is not null).SelectMany(g => g.Sites.Select((site, n) => (site, g.Magnitude!.Norms[n].detach().cpu().clone())));

    /// <summary>A and B of one layer as detached copies on the CPU.</summary>
    public IEnumerable<(LinearSite Site, Tensor A, Tensor B)> Factors()
    {
        foreach (var group in Groups)
            for (var n = 0; n < group.Sites.Count; n++)
                yield return (group.Sites[n], group.A[n].detach().cpu().clone(), group.B[n].detach().cpu().clone());
    }

    /// <summary>Views of every layer's factors that share the stacked tensors' gradients.</summary>
    internal LoraViews OpenViews() => new(this);

    public void Dispose()
    {
        foreach (var group in Groups) group.Dispose();
    }

    private static LoraAdapter Build(LanguageModel model, LoraSpec spec, Func<LinearSite, long[], bool, Tensor> factor, Func<LinearSite, Tensor>? norms = null)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var groups = new List<LoraGroup>();
        foreach (var shape in LoraTargets.Select(model.Linears, spec).GroupBy(site => (site.Out, site.In)))
        {
            var sites = shape.ToList();
            groups.Add(new LoraGroup(shape.Key.Out, shape.Key.In, sites, Stack(true, [spec.Rank, shape.Key.In]), Stack(false, [shape.Key.Out, spec.Rank])) { Magnitude = spec.Dora ? Magnitude(sites) : null });

            Parameter Stack(bool isA, long[] size) =>
                LiveTensors.NewParameter(stack([.. sites.Select(site => factor(site, size, isA).to(ScalarType.Float32).cpu())]).to(model.Device));
        }
        return new LoraAdapter(spec, groups, model.DecoderStartId is not null);

        DoraMagnitude Magnitude(List<LinearSite> sites)
        {
            var squares = stack([.. sites.Select(site => site.Weight.to(ScalarType.Float32).square().sum(dim: 1))]);
            return new DoraMagnitude(LiveTensors.NewParameter(norms is null ? squares.sqrt() : stack([.. sites.Select(site => norms(site).to(ScalarType.Float32))]).to(model.Device)), squares.DetachFromDisposeScope());
        }
    }
}
