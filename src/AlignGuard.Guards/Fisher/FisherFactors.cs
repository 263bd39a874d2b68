using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Fisher;

/// <summary>
/// F_out = E[G Gᵀ] and F_in = E[Gᵀ G] of one layer, G being one example's gradient of the summed response loss with respect to the layer's weight.
/// Sums over examples: add as many batches as there are, in any split.
/// </summary>
public sealed class FisherFactors : IDisposable
{
    public FisherFactors(LinearSite site, FisherOptions options, Device device)
    {
        Site = site;
        var dense = options.Form switch
        {
            FisherForm.Dense => true,
            FisherForm.Sketch => false,
            _ => Math.Max(site.Out, site.In) <= options.DenseUpTo,
        };
        Out = Side(site.Out, "out");
        In = Side(site.In, "in");

        FisherSide Side(int dimension, string side) => dense
            ? new DenseSide(dimension, device)
            : new SketchSide(dimension, options.SketchSize, Seeds.Derive(options.Seed, $"sketch/{site.Name}/{side}"), device);
    }

    public LinearSite Site { get; }
    public FisherSide Out { get; }
    public FisherSide In { get; }
    public long Examples { get; internal set; }

    /// <summary>Adds a batch: X [N, T, i], D [N, T, o].</summary>
    public void Add(Tensor x, Tensor d)
    {
        Examples += x.shape[0];
        // Sums of squares: half precision would lose the small ones.
        if (x.dtype != ScalarType.Float32 && x.dtype != ScalarType.Float64) (x, d) = (x.to(ScalarType.Float32), d.to(ScalarType.Float32));
        if (Out is DenseSide o && In is DenseSide i)
        {
            o.Add(d, x);
            i.Add(x, d);
        }
        else
        {
            AddSketch((SketchSide)Out, (SketchSide)In, x, d);
        }
    }

    public void Dispose()
    {
        Out.Dispose();
        In.Dispose();
    }

    /// <summary>
    /// S_n = G_nᵀ Ω = X_nᵀ(D_n Ω) gives Y_out = Σ D_nᵀ(X_n S_n); R_n = G_n Ω' = D_nᵀ(X_n Ω') gives Y_in = Σ X_nᵀ(D_n R_n).
    /// For Gaussian Ω the mean of squares over S's columns is an unbiased diag(F_in), over R's columns diag(F_out): free of charge.
    /// </summary>
    private static void AddSketch(SketchSide outer, SketchSide inner, Tensor x, Tensor d)
    {
        using var scope = NewDisposeScope();
        var s = x.transpose(1, 2).matmul(d.matmul(outer.Omega));
        outer.Product.add_(d.reshape(-1, outer.Dimension).t().matmul(x.matmul(s).reshape(-1, s.shape[2])));
        inner.DiagonalSum.add_((s * s).sum([0, 2]).div_(s.shape[2]));

        var r = d.transpose(1, 2).matmul(x.matmul(inner.Omega));
        inner.Product.add_(x.reshape(-1, inner.Dimension).t().matmul(d.matmul(r).reshape(-1, r.shape[2])));
        outer.DiagonalSum.add_((r * r).sum([0, 2]).div_(r.shape[2]));
    }
}
