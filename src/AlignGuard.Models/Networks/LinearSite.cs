using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>One linear layer of a model: where LoRA attaches and what the Fisher watches.</summary>
/// <param name="Index">Position in <see cref="LanguageModel.Linears"/>.</param>
/// <param name="Name">Module name in the checkpoint, e.g. <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Weight">W0, [out, in], however it lies in the checkpoint.</param>
/// <param name="Bias">[out] or null.</param>
/// <param name="Transposed">It lies as [in, out] in the checkpoint.</param>
public sealed record LinearSite(int Index, string Name, Tensor Weight, Tensor? Bias, bool Transposed = false)
{
    public int Out => (int)Weight.shape[0];
    public int In => (int)Weight.shape[1];
}

/// <summary>Where the tokens of an expert stand in the batch.</summary>
/// <param name="Flat">[K] indices into N·T.</param>
public sealed record TokenPlaces(Tensor Flat, long Rows, long Length);

/// <summary>Sees the input x [N, T, in] and the output y [N, T, out] of linear layers during a forward pass; of an expert those of its tokens, [K, in] and [K, out].</summary>
public interface ILinearTap
{
    bool Watches(LinearSite site);

    /// <summary>Called with live autograd tensors; a tap that wants dL/dy calls <c>y.retain_grad()</c>.</summary>
    /// <param name="places">Of an expert's tokens; null = input and output are of the whole batch.</param>
    void Seen(LinearSite site, Tensor input, Tensor output, TokenPlaces? places);
}
