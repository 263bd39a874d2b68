namespace AlignGuard.Pipeline.Reports;

/// <summary>The eigenvalues behind the guard from one refresh to the next.</summary>
/// <param name="Refresh">0 = the base model's own.</param>
/// <param name="Step">Optimiser steps taken when it was computed.</param>
public sealed record FisherSpectrum(int Refresh, long Step, IReadOnlyList<LayerSpectrum> Layers);

/// <summary>One layer's spectrum and the rank chosen in it.</summary>
/// <param name="Rank">m, directions guarded; 0 = unguarded.</param>
/// <param name="Energy">Share of the trace that m directions hold (two-sided: the product of both sides'), 0..1.</param>
/// <param name="Reached">False = the target energy was out of reach at the largest rank allowed.</param>
/// <param name="Trace">Trace of F before normalisation; 0 = no token reached the layer and it is unguarded.</param>
/// <param name="OutShares">Eigenvalues of F_out over the trace, descending; may be cut after the leading ones.</param>
/// <param name="InShares">Of F_in; empty for a one-sided projector.</param>
public sealed record LayerSpectrum(
    string Layer, int Rank, double Energy, bool Reached, double Trace, IReadOnlyList<double> OutShares, IReadOnlyList<double> InShares);
