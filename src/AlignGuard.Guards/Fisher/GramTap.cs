using AlignGuard.Models.Llama;
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
    private readonly List<(LinearSite Site, Tensor Input, Tensor Output)> _seen = [];

    public bool Watches(LinearSite site) => _watched.Contains(site.Index);

    public void Seen(LinearSite site, Tensor input, Tensor output)
    {
        output.retain_grad();
        _seen.Add((site, input.detach().DetachFromDisposeScope(), output.DetachFromDisposeScope()));
    }

    /// <summary>Call after backward: (site, X, D) in order of execution. Layers that no gradient reached are left out.</summary>
    public IEnumerable<(LinearSite Site, Tensor Input, Tensor OutputGradient)> Captured()
    {
        foreach (var (site, input, output) in _seen)
            if (output.grad is { } gradient)
                yield return (site, input, gradient);
    }

    public void Dispose()
    {
        foreach (var (_, input, output) in _seen)
        {
            input.Dispose();
            output.Dispose();
        }
        _seen.Clear();
    }
}
