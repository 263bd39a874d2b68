namespace AlignGuard.Guards.Projectors;

/// <summary>Which part of dW counts as alignment-relevant, dW_A = P(dW).</summary>
public enum ProjectorKind
{
    /// <summary>P(dW) = U (Uᵀ dW V) Vᵀ: output directions that matter, on inputs that occur when the model refuses. Default.</summary>
    TwoSided,
    /// <summary>P(dW) = U Uᵀ dW: the paper's literal reading.</summary>
    Left,
    /// <summary>Two-sided with weights λ/(λ+λ_m) in place of 0/1; not idempotent.</summary>
    Soft,
    /// <summary>The control: two-sided with random orthonormal bases of the same spectrum and rank. A result it reproduces is not a result.</summary>
    Random,
}
