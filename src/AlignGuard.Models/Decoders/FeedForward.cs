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

/// <summary>
/// A mixture of experts: a router gives each token to the few experts it scores highest, and their answers are added by the softmax of all scores, renormalised over those few. An expert computes its tokens only.
/// </summary>
internal sealed class Experts
{
    private readonly LinearSite _router;
    private readonly FeedForward[] _experts;
    private readonly int _perToken;

    public Experts(DecoderConfig config, Func<string, LinearSite> site)
    {
        _perToken = config.ExpertsPerToken;
        _router = site(config.Names.Router);
        _experts = [.. Enumerable.Range(0, config.Experts).Select(e => new FeedForward(config, config.Names.OfExpert(e), site))];
    }

    public Tensor Forward(Tensor x, ForwardOptions options, LoraViews? views)
    {
        long rows = x.shape[0], length = x.shape[1], width = x.shape[2];
        var flat = x.reshape(-1, width);
        var shares = DecoderModel.Apply(_router, x, options, views).reshape(-1, _experts.Length).softmax(-1, ScalarType.Float32);
        var (best, chosen) = shares.topk(_perToken, -1);
        best = (best / best.sum(-1, keepdim: true)).to(x.dtype);
        var sum = zeros_like(flat);
        for (var e = 0; e < _experts.Length; e++)
        {
            // [K, 2]: token, and which of its choices this is. The one place where the host waits for the device: how many there are decides the shapes.
            var taken = (chosen == e).nonzero();
            if (taken.shape[0] == 0) continue;
            var (token, choice) = (taken.select(1, 0), taken.select(1, 1));
            var made = _experts[e].Forward(flat.index_select(0, token), options, views, new TokenPlaces(token, rows, length));
            var weight = best.reshape(-1).index_select(0, token * _perToken + choice).unsqueeze(1);
            sum = sum.index_add(0, token, made * weight, 1);
        }
        return sum.view(rows, length, width);
    }
}
