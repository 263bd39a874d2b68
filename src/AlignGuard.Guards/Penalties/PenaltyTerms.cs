using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Penalties;

/// <summary>The four energies, each summed over layers, before their λ. 0-dimensional tensors with gradients.</summary>
/// <param name="Alignment">Σ ‖F^½ dW_A‖² in the normalised scale.</param>
/// <param name="Stability">Σ ‖H^½ dW_T‖².</param>
/// <param name="Riemannian">Σ E_RM.</param>
/// <param name="Geodesic">Σ E_geo.</param>
public sealed record PenaltyTerms(Tensor Alignment, Tensor Stability, Tensor Riemannian, Tensor Geodesic)
{
    /// <summary>λ_A·alignment + λ_T·stability + λ_NC[α·E_RM + (1−α)·E_geo].</summary>
    public Tensor Total(PenaltyOptions o) =>
        Alignment * o.LambdaA + Stability * o.LambdaT + (Riemannian * o.Alpha + Geodesic * (1 - o.Alpha)) * o.LambdaNC;

    public static PenaltyTerms operator +(PenaltyTerms a, PenaltyTerms b) =>
        new(a.Alignment + b.Alignment, a.Stability + b.Stability, a.Riemannian + b.Riemannian, a.Geodesic + b.Geodesic);
}
