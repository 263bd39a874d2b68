using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Fisher;

/// <summary>Fisher factors as named tensors, so that another worker can decompose them. Sums are kept in float64: a spectrum spans decades.</summary>
public static class FisherFile
{
    public static IEnumerable<KeyValuePair<string, Tensor>> Tensors(IEnumerable<FisherFactors> factors)
    {
        foreach (var f in factors)
            foreach (var (name, side) in new[] { ("out", f.Out), ("in", f.In) })
                switch (side)
                {
                    case DenseSide dense:
                        yield return new($"{f.Site.Name}.{name}.sum", dense.Sum.cpu());
                        break;
                    case SketchSide sketch:
                        // Ω follows from the seed and is not written.
                        yield return new($"{f.Site.Name}.{name}.product", sketch.Product.cpu());
                        yield return new($"{f.Site.Name}.{name}.diagonal", sketch.DiagonalSum.cpu());
                        break;
                }
    }

    /// <summary>Rebuilds what <see cref="Tensors"/> wrote; <paramref name="options"/> and the layers must be those of the estimate.</summary>
    public static IReadOnlyList<FisherFactors> Read(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyList<LinearSite> sites, FisherOptions options, long examples)
    {
        using var _ = no_grad();
        return [.. sites.Select(site =>
        {
            var factors = new FisherFactors(site, options, CPU) { Examples = examples };
            Fill(factors.Out, $"{site.Name}.out");
            Fill(factors.In, $"{site.Name}.in");
            return factors;
        })];

        void Fill(FisherSide side, string name)
        {
            if (side is DenseSide dense) dense.Sum.copy_(Find($"{name}.sum"));
            if (side is not SketchSide sketch) return;
            sketch.Product.copy_(Find($"{name}.product"));
            sketch.DiagonalSum.copy_(Find($"{name}.diagonal"));
        }

        Tensor Find(string name) => tensors.TryGetValue(name, out var tensor)
            ? tensor
            : throw new GuardFaultException($"The Fisher estimate holds no tensor {name}: it was made for other layers or in another form.");
    }
}
