using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Penalties;

/// <summary>
/// A task Fisher's diagonal in Kronecker form, h_ab = Out_a·In_b with both sides summing to 1: the H of the task-stability term
/// (<c>h: task-fisher</c>), for the n layers of a group.
/// </summary>
/// <param name="Out">[n, o].</param>
/// <param name="In">[n, i].</param>
public sealed record DiagonalMetric(Tensor Out, Tensor In) : IDisposable
{
    public void Dispose()
    {
        Out.Dispose();
        In.Dispose();
    }
}
