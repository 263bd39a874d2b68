using AlignGuard.Models.Decoders;
using AlignGuard.Models.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AlignGuard.Models.Lora;

/// <summary>A LoRA adapter: dW = s·B·A on each target layer, PEFT orientation (A [r, i], B [o, r]), stacked by layer shape.</summary>
public sealed class LoraAdapter : IDisposable
{
    private LoraAdapter(LoraSpec spec, IReadOnlyList<LoraGroup> groups) => (Spec, Groups) = (spec, groups);

    public LoraSpec Spec { get; }

    /// <summary>By shape, in order of first appearance.</summary>
    public IReadOnlyList<LoraGroup> Groups { get; }

    /// <summary>A and B of every group: what the optimizer updates.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. Groups.SelectMany(g => new[] { g.A, g.B })];

    public IEnumerable<LinearSite> Sites => Groups.SelectMany(g => g.Sites);
    public long ParameterCount => Parameters.Sum(p => p.NumberOfElements);

    /// <summary>PEFT's initialisation: A ~ U(−1/√i, 1/√i) (Kaiming with a = √5), B = 0, so dW = 0. Each layer's A depends on the seed and its name alone.</summary>
    public static LoraAdapter Create(DecoderModel model, LoraSpec spec, long seed)
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
    public static LoraAdapter From(DecoderModel model, LoraSpec spec, Func<LinearSite, bool, Tensor> factor) =>
        Build(model, spec, (site, _, isA) => factor(site, isA));

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
        foreach (var parameter in Parameters) parameter.Dispose();
    }

    private static LoraAdapter Build(DecoderModel model, LoraSpec spec, Func<LinearSite, long[], bool, Tensor> factor)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var groups = new List<LoraGroup>();
        foreach (var shape in LoraTargets.Select(model.Linears, spec).GroupBy(site => (site.Out, site.In)))
        {
            var sites = shape.ToList();
            groups.Add(new LoraGroup(shape.Key.Out, shape.Key.In, sites, Stack(true, [spec.Rank, shape.Key.In]), Stack(false, [shape.Key.Out, spec.Rank])));

            Parameter Stack(bool isA, long[] size) =>
                LiveTensors.NewParameter(stack([.. sites.Select(site => factor(site, size, isA).to(ScalarType.Float32).cpu())]).to(model.Device));
        }
        return new LoraAdapter(spec, groups);
    }
}
