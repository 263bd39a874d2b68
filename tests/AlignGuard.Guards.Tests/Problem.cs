using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Networks;
using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Tests;

/// <summary>A random layer: dimensions, adapter, Fisher examples. Everything follows from the seed; float64.</summary>
public sealed record Problem(int Seed, int Out, int In, int Rank, int Examples, int Tokens)
{
    public double Scale => 0.5 + Seed % 7 / 4.0;

    public Tensor A => Normal("A", 1, Rank, In).mul(0.3);
    public Tensor B => Normal("B", 1, Out, Rank).mul(0.3);

    public Tensor Normal(string name, params long[] shape)
    {
        using var generator = new Generator((ulong)AlignGuard.Models.Numerics.Seeds.Derive(Seed, name));
        return randn(shape, dtype: ScalarType.Float64, generator: generator);
    }

    /// <summary>Layer inputs and output gradients of the examples, with a decaying spectrum as real ones have.</summary>
    public (Tensor X, Tensor D) Batch(string name = "batch")
    {
        var x = Normal(name + "X", Examples, Tokens, In) * arange(1, In + 1, dtype: ScalarType.Float64).pow(-0.7);
        var d = Normal(name + "D", Examples, Tokens, Out) * arange(1, Out + 1, dtype: ScalarType.Float64).pow(-0.7);
        return (x, d);
    }

    public LinearSite Site => new(0, "layer", Normal("W", Out, In), null);

    public FisherFactors Factors(FisherForm form = FisherForm.Dense, int sketch = 12)
    {
        var factors = new FisherFactors(Site, new FisherOptions { Form = form, SketchSize = sketch, Seed = Seed }, CPU);
        var (x, d) = Batch();
        if (form == FisherForm.Sketch) (x, d) = (x.to(ScalarType.Float32), d.to(ScalarType.Float32));
        factors.Add(x, d);
        return factors;
    }

    public LayerBasis Basis(ProjectorKind kind, RankBounds? bounds = null)
    {
        using var factors = Factors();
        var keep = Math.Max(Out, In);
        return LayerBasis.Create("layer", kind, EigenSide.Of(factors.Out, Examples, keep, "out"), EigenSide.Of(factors.In, Examples, keep, "in"), bounds ?? new RankBounds(2, 5, 0.8), Seed);
    }

    public static GroupBasis Group(LayerBasis basis) => new([basis], CPU, ScalarType.Float64);
}

public static class Problems
{
    public static Arbitrary<Problem> Arbitrary() => (
        from seed in Gen.Choose(0, 1_000_000)
        from o in Gen.Choose(6, 14)
        from i in Gen.Choose(6, 14)
        from r in Gen.Choose(1, 4)
        from n in Gen.Choose(4, 9)
        from t in Gen.Choose(1, 5)
        select new Problem(seed, o, i, r, n, t)).ToArbitrary();
}

/// <summary>A law checked on random layers.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LawAttribute : FsCheck.Xunit.PropertyAttribute
{
    public LawAttribute()
    {
        Arbitrary = [typeof(Problems)];
        MaxTest = 40;
        QuietOnSuccess = true;
    }
}
