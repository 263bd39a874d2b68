using AlignGuard.Models.Batches;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Training;

/// <summary>
/// Weighs each row by min(1, c·median/loss_row) (ours; <c>guard.rows: trim</c>). Rows that the guard makes unlearnable keep a high loss and would
/// eat the clipped gradient.
/// </summary>
public static class RowTrimming
{
    /// <param name="perToken">[R] losses, detached.</param>
    /// <returns>[R] weights, one value a row.</returns>
    public static Tensor Weights(Tensor perToken, TokenBatch batch, double c)
    {
        using var scope = NewDisposeScope();
        var counts = tensor(batch.ResponseTokens.Select(n => (float)n).ToArray(), device: perToken.device);
        var rows = ResponseLoss.RowSums(perToken, batch) / counts;
        var weights = (rows.median() * c / rows.clamp_min(1e-8)).clamp_max(1);
        return weights.index_select(0, batch.RowOfTarget).MoveToOuterDisposeScope();
    }
}
