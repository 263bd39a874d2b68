using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using static TorchSharp.torch;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>Attention without a scale: its initialisation stands for it. Positions are biases of the scores.</summary>
internal sealed class T5Attention(EncoderDecoderConfig config, LinearSite q, LinearSite k, LinearSite v, LinearSite o)
{
    /// <param name="x">What asks, [N, T, hidden].</param>
    /// <param name="keyValues">[N, heads, S, headDim] each.</param>
    /// <param name="bias">Additive, broadcast to [N, heads, T, S].</param>
    public Tensor Forward(Tensor x, (Tensor Keys, Tensor Values) keyValues, Tensor bias, ForwardOptions options, LoraViews? views)
    {
        // Written out, not by the fused kernel: its other order of sums tips ReLUs that stand at their edge, and gradients with them.
        var scores = Heads(Linear.Apply(q, x, options, views)).matmul(keyValues.Keys.transpose(2, 3)) + bias;
        var attended = scores.softmax(-1, ScalarType.Float32).to(scores.dtype).matmul(keyValues.Values);
        return Linear.Apply(o, attended.transpose(1, 2).reshape(x.shape[0], x.shape[1], (long)config.Heads * config.HeadDim), options, views);
    }

    public (Tensor Keys, Tensor Values) KeyValues(Tensor x, ForwardOptions options, LoraViews? views) =>
        (Heads(Linear.Apply(k, x, options, views)), Heads(Linear.Apply(v, x, options, views)));

    private Tensor Heads(Tensor t) => t.view(t.shape[0], t.shape[1], config.Heads, config.HeadDim).transpose(1, 2);
}
