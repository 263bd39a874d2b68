namespace AlignGuard.Guards.Spectrum;

/// <summary>Bounds of the projector's rank.</summary>
/// <param name="Min">Default 16.</param>
/// <param name="Max">Default 64 (a summary of the paper: 20–64).</param>
/// <param name="Energy">Share of the Fisher's trace to reach, default 0.8.</param>
public sealed record RankBounds(int Min = 16, int Max = 64, double Energy = 0.8);

/// <summary>The rank chosen for one layer.</summary>
/// <param name="Rank">m.</param>
/// <param name="Energy">Share of the trace that m directions hold; for two sides the product of both shares.</param>
/// <param name="Reached">False = the target was not reached at the largest rank allowed: a warning.</param>
public readonly record struct ChosenRank(int Rank, double Energy, bool Reached)
{
    /// <summary>Smallest m within the bounds (and the layer) whose energy reaches the target.</summary>
    /// <param name="output">Eigenvalue shares of F_out, descending.</param>
    /// <param name="input">Of F_in, or null where one side alone decides.</param>
    public static ChosenRank Choose(IReadOnlyList<double> output, IReadOnlyList<double>? input, RankBounds bounds)
    {
        var available = Math.Min(output.Count, input?.Count ?? int.MaxValue);
        int least = Math.Min(bounds.Min, available), most = Math.Min(bounds.Max, available);
        double outer = 0, inner = input is null ? 1 : 0;
        for (var m = 1; m <= most; m++)
        {
            outer += output[m - 1];
            if (input is not null) inner += input[m - 1];
            // A full basis may miss 1 by rounding: that is no shortfall.
            if (m >= least && outer * inner >= bounds.Energy - 1e-9) return new(m, outer * inner, true);
        }
        return new(most, outer * inner, false);
    }
}
