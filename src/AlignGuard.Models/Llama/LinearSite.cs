using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Llama;

/// <summary>One linear layer of a model: where LoRA attaches and what the Fisher watches.</summary>
/// <param name="Index">Position in <see cref="LlamaModel.Linears"/>.</param>
/// <param name="Name">Module name in the checkpoint, e.g. <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Weight">W0, [out, in].</param>
/// <param name="Bias">[out] or null.</param>
public sealed record LinearSite(int Index, string Name, Tensor Weight, Tensor? Bias)
{
    public int Out => (int)Weight.shape[0];
    public int In => (int)Weight.shape[1];
}

/// <summary>Sees the input x [N, T, in] and the output y [N, T, out] of linear layers during a forward pass.</summary>
public interface ILinearTap
{
    bool Watches(LinearSite site);

    /// <summary>Called with live autograd tensors; a tap that wants dL/dy calls <c>y.retain_grad()</c>.</summary>
    void Seen(LinearSite site, Tensor input, Tensor output);
}
