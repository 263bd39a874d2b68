using AlignGuard.Models.Networks;
using TorchSharp.Modules;

namespace AlignGuard.Models.Lora;

/// <summary>
/// The factors of all adapted layers of one shape, in two tensors. Stacked this way the optimizer and the penalties work on a handful of
/// tensors instead of hundreds, in batched products; the forward pass takes views.
/// </summary>
/// <param name="Out">o.</param>
/// <param name="In">i.</param>
/// <param name="Sites">The n layers, in order of execution.</param>
/// <param name="A">[n, r, i].</param>
/// <param name="B">[n, o, r].</param>
public sealed record LoraGroup(int Out, int In, IReadOnlyList<LinearSite> Sites, Parameter A, Parameter B) : IDisposable
{
    /// <summary>[n, o] of DoRA, the norms of every output's weights; null without.</summary>
    public DoraMagnitude? Magnitude { get; init; }

    public IEnumerable<Parameter> Parameters => Magnitude is null ? [A, B] : [A, B, Magnitude.Norms];

    public void Dispose()
    {
        foreach (var parameter in Parameters) parameter.Dispose();
        Magnitude?.Squares.Dispose();
    }
}

/// <summary>What DoRA has beside A and B.</summary>
/// <param name="Norms">m [n, o], trained.</param>
/// <param name="Squares">‖W0‖² of every output [n, o]: it does not change.</param>
public sealed record DoraMagnitude(Parameter Norms, TorchSharp.torch.Tensor Squares);
