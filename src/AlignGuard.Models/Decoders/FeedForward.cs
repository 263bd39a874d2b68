using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Decoders;

/// <summary>down(act(gate x) · up x), or down(act(up x)) where nothing gates.</summary>
internal sealed class FeedForward
{
    private readonly Activation _activation;
    private readonly LinearSite? _gate;
    private readonly LinearSite _up, _down;

    /// <param name="part">What stands before the names of its layers.</param>
    public FeedForward(DecoderConfig config, string part, Func<string, LinearSite> site)
    {
        _activation = config.Activation;
        if (config.GatedMlp) _gate = site(part + config.Names.Gate);
        _up = site(part + config.Names.Up);
        _down = site(part + config.Names.Down);
    }

    /// <param name="places">Where the tokens of x stand in the batch; null = x is the whole of it.</param>
    public Tensor Forward(Tensor x, ForwardOptions options, LoraViews? views, TokenPlaces? places = null)
    {
        var inner = _gate is null ? Act(Made(_up, x)) : Act(Made(_gate, x)) * Made(_up, x);
        return Made(_down, inner);

        Tensor Made(LinearSite site, Tensor t) => DecoderModel.Apply(site, t, options, views, places);
    }

    private Tensor Act(Tensor x) => _activation switch
    {
        Activation.Silu => F.silu(x),
        Activation.Gelu => F.gelu(x),
        Activation.Relu => F.relu(x),
        // √(2/π) and the cubic term, as in BERT and GPT-2.
        _ => 0.5 * x * (1 + (0.7978845608028654 * (x + 0.044715 * x.pow(3))).tanh()),
    };
}
