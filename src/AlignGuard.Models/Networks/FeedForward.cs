using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Networks;

/// <summary>The non-linearity of the feed-forward part.</summary>
public enum Activation
{
    Silu,

    /// <summary>By the error function.</summary>
    Gelu,

    /// <summary>By tanh (<c>gelu_new</c>, <c>gelu_pytorch_tanh</c>).</summary>
    GeluTanh,

    Relu,
}

/// <summary>down(act(gate x) · up x), or down(act(up x)) where nothing gates.</summary>
internal sealed class FeedForward(Activation activation, LinearSite? gate, LinearSite up, LinearSite down)
{
    /// <param name="places">Where the tokens of x stand in the batch; null = x is the whole of it.</param>
    public Tensor Forward(Tensor x, ForwardOptions options, LoraViews? views, TokenPlaces? places = null)
    {
        var inner = gate is null ? Act(Made(up, x)) : Act(Made(gate, x)) * Made(up, x);
        return Made(down, inner);

        Tensor Made(LinearSite site, Tensor t) => Linear.Apply(site, t, options, views, places);
    }

    private Tensor Act(Tensor x) => activation switch
    {
        Activation.Silu => F.silu(x),
        Activation.Gelu => F.gelu(x),
        Activation.Relu => F.relu(x),
        // √(2/π) and the cubic term, as in BERT and GPT-2.
        _ => 0.5 * x * (1 + (0.7978845608028654 * (x + 0.044715 * x.pow(3))).tanh()),
    };
}
