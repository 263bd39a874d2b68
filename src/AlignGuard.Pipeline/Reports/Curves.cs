namespace AlignGuard.Pipeline.Reports;

/// <summary>A quick DriftCheck while training.</summary>
/// <param name="Step">Optimiser steps taken.</param>
/// <param name="Task">Task score as a fraction; null = not measured at this step.</param>
public sealed record DriftPoint(long Step, Rate Refusal, Rate OverRefusal, Rate Helpful, Rate Complied, double? Task = null);

/// <summary>The end of a segment, by teacher forcing on the base model's own answers.</summary>
/// <param name="Step">Optimiser steps taken.</param>
/// <param name="Margin">Mean log-odds (nats) of beginning as the base model's refusal begins.</param>
/// <param name="Kl">KL(base‖tuned) per response token, nats.</param>
/// <param name="OpeningKl">The same over the first tokens of the answers; null in reports that are older.</param>
public sealed record ForcedPoint(long Step, double Margin, double Kl, double? OpeningKl = null);

/// <summary>One optimiser step. Loss in nats per response token; penalty terms before their λ; not finite where a step was skipped.</summary>
public sealed record StepPoint(long Step, double Loss, double Alignment, double Stability, double Riemannian, double Geodesic, double GradientNorm);

/// <summary>Cosine of dW_A and dW_T in one layer.</summary>
/// <param name="FisherDiagonal">Under M = diag(F_out) ⊗ diag(F_in).</param>
/// <param name="Euclidean">Identically 0 for an exact projector.</param>
public sealed record CosinePoint(long Step, string Layer, double FisherDiagonal, double Euclidean);
