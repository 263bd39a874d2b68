using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

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
        _experts = [.. Enumerable.Range(0, config.Experts).Select(e => DecoderBlock.Mlp(config, config.Names.OfExpert(e), site))];
    }

    public Tensor Forward(Tensor x, ForwardOptions options, LoraViews? views)
    {
        long rows = x.shape[0], length = x.shape[1], width = x.shape[2];
        var flat = x.reshape(-1, width);
        var shares = Linear.Apply(_router, x, options, views).reshape(-1, _experts.Length).softmax(-1, ScalarType.Float32);
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
