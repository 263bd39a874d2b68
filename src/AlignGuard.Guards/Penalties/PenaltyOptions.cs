namespace AlignGuard.Guards.Penalties;

/// <summary>The metric of the geodesic term and the cosines.</summary>
public enum OverlapMetric
{
    /// <summary>M = diag(F_out) ⊗ diag(F_in). Default: with an exact projector it is the one in which the term does not vanish.</summary>
    FisherDiagonal,
    /// <summary>M = I. With an exact projector the geodesic term is identically zero, value and gradient.</summary>
    Euclidean,
}

/// <summary>Strengths of the guard (design: L = L_task + λ_A‖F^½dW_A‖² + λ_T‖H^½dW_T‖² + λ_NC[α·E_RM + (1−α)·E_geo]).</summary>
public sealed record PenaltyOptions
{
    /// <summary>λ_A, default 0.25, in the scale in which a full-rank isotropic Fisher gives λ_A‖dW‖².</summary>
    public double LambdaA { get; init; } = 0.25;
    /// <summary>λ_T, default 0.001.</summary>
    public double LambdaT { get; init; } = 0.001;
    /// <summary>λ_NC, default 0.01.</summary>
    public double LambdaNC { get; init; } = 0.01;
    /// <summary>α, 1 = all E_RM, 0 = all E_geo; default 0.5.</summary>
    public double Alpha { get; init; } = 0.5;
    /// <summary>β of E_RM's gate η = 1 + β·σ((|dW|−τ)/τ), default 4; τ is the RMS of dW's entries.</summary>
    public double Beta { get; init; } = 4;
    public OverlapMetric Metric { get; init; } = OverlapMetric.FisherDiagonal;
    /// <summary>Rows of dW that E_RM's numerator samples each step; 0 = all.</summary>
    public int ErmRows { get; init; } = 32;
}
