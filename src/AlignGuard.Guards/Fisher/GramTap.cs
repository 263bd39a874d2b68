using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Fisher;

/// <summary>
/// Keeps each watched layer's inputs X [N, T, i] and, after the backward pass, output gradients D [N, T, o]. G_n = D_nᵀ X_n is example n's
/// gradient of the layer's weight (of W0 + dW where an adapter is on), never formed here.
/// </summary>
public sealed class GramTap(IEnumerable<LinearSite> sites) : ILinearTap, IDisposable
{
    private readonly HashSet<int> _watched = [.. sites.Select(s => s.Index)];
    private readonly List<(LinearSite Site, Tensor Input, Tensor Output, TokenPlaces? Places)> _seen = [];

    public bool Watches(LinearSite site) => _watched.Contains(site.Index);

    public void Seen(LinearSite site, Tensor input, Tensor output, TokenPlaces? places)
    {
        output.retain_grad();
        // The layers of an expert share its places: each keeps its own.
        _seen.Add((site, input.detach().DetachFromDisposeScope(), output.DetachFromDisposeScope(), places is null ? null : places with { Flat = places.Flat.clone().DetachFromDisposeScope() }));
    }

    /// <summary>Call after backward: (site, X, D) in order of execution. Layers that no gradient reached are left out.</summary>
    public IEnumerable<(LinearSite Site, Tensor Input, Tensor OutputGradient)> Captured()
    {
        foreach (var (site, input, output, places) in _seen)
            if (output.grad is { } gradient)
                yield return places is null ? (site, input, gradient) : (site, Spread(input, places), Spread(gradient, places));
    }

    /// <summary>An expert's tokens at their places of the batch; the others are not its own, and zero.</summary>
    private static Tensor Spread(Tensor tokens, TokenPlaces places) =>
        zeros([places.Rows * places.Length, tokens.shape[1]], dtype: tokens.dtype, device: tokens.device).index_copy_(0, places.Flat, tokens).view(places.Rows, places.Length, -1);


    public void Dispose()
    {
        foreach (var (_, input, output, places) in _seen)
        {
            places?.Flat.Dispose();
            input.Dispose();
            output.Dispose();
        }
        _seen.Clear();
    }
}
