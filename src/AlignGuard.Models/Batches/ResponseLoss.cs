using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Batches;

/// <summary>Negative log-likelihood of response tokens, in nats.</summary>
public static class ResponseLoss
{
    /// <summary>Per response token: [R].</summary>
    public static Tensor PerToken(LanguageModel model, TokenBatch batch, ForwardOptions options)
    {
        using var scope = NewDisposeScope();
        // The loss is summed in float32 whatever the weights are: half precision loses small differences.
        var logits = model.ResponseLogits(batch, options).to(ScalarType.Float32);
        return F.cross_entropy(logits, batch.Targets, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }

    /// <summary>Summed per row: [N].</summary>
    public static Tensor RowSums(Tensor perToken, TokenBatch batch) =>
        zeros([batch.Rows], dtype: perToken.dtype, device: perToken.device).index_add(0, batch.RowOfTarget, perToken, 1);
}
