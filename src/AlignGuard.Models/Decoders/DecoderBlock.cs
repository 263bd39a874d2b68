using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Decoders;

/// <summary>One layer: attention and feed-forward, each added to the stream.</summary>
internal sealed class DecoderBlock
{
    private readonly DecoderModel _model;
    private readonly string _prefix;
    private readonly LinearSite? _qkv, _q, _k, _v;
    private readonly LinearSite _o;
    private readonly FeedForward? _mlp;
    private readonly Experts? _experts;

    public DecoderBlock(DecoderModel model, int layer, List<LinearSite> linears)
    {
        (_model, Layer) = (model, layer);
        var first = linears.Count;
        var names = model.Config.Names;
        _prefix = names.Of(layer);
        if (names.FusedQkv is { } fused) _qkv = Site(fused);
        else (_q, _k, _v) = (Site(names.Query), Site(names.Key), Site(names.Value));
        _o = Site(names.Output);
        if (model.Config.Experts > 0) _experts = new Experts(model.Config, Site);
        else _mlp = Mlp(model.Config, "", Site);
        Sites = first..linears.Count;

        LinearSite Site(string name)
        {
            var site = new LinearSite(linears.Count, _prefix + name, model.Weight(_prefix + name + ".weight"), model.Find(_prefix + name + ".bias"), names.Transposed);
            linears.Add(site);
            return site;
        }
    }

    public int Layer { get; }

    /// <summary>Indices of its linear layers.</summary>
    public Range Sites { get; }

    /// <param name="part">What stands before the names of its layers.</param>
    public static FeedForward Mlp(DecoderConfig config, string part, Func<string, LinearSite> site)
    {
        var gate = config.GatedMlp ? site(part + config.Names.Gate) : null;
        return new FeedForward(config.Activation, gate, site(part + config.Names.Up), site(part + config.Names.Down));
    }

    public Tensor Forward(Tensor x, (Tensor Cos, Tensor Sin) turn, Tensor? mask, ForwardOptions options, LoraViews? views)
    {
        var names = _model.Config.Names;
        var attended = Attention(_model.Norm(x, _prefix + names.AttentionNorm), turn, mask, options, views);
        if (_model.Config.PostNorms) attended = _model.Norm(attended, _prefix + names.AfterAttentionNorm);
        x = x + attended;
        var normed = _model.Norm(x, _prefix + names.MlpNorm);
        var made = _experts?.Forward(normed, options, views) ?? _mlp!.Forward(normed, options, views);
        if (_model.Config.PostNorms) made = _model.Norm(made, _prefix + names.AfterMlpNorm);
        return x + made;
    }

    private Tensor Attention(Tensor x, (Tensor Cos, Tensor Sin) turn, Tensor? mask, ForwardOptions options, LoraViews? views)
    {
        var c = _model.Config;
        long rows = x.shape[0], length = x.shape[1];
        var (q, k, v) = Projected(x, options, views);
        if (c.QkNorm) (q, k) = (_model.Norm(q, _prefix + c.Names.QueryNorm), _model.Norm(k, _prefix + c.Names.KeyNorm));
        if (!c.LearnedPositions) (q, k) = (RotaryTable.Rotate(q, turn.Cos, turn.Sin), RotaryTable.Rotate(k, turn.Cos, turn.Sin));
        if (options.Cache is { } cache) (k, v) = cache.Append(Layer, k, v);

        // The kernel divides by the root of the head's width: what else there is stands in the queries.
        var scale = c.AttentionScale?.Invoke(Layer) ?? 1 / Math.Sqrt(c.HeadDim);
        if (c.AttentionSoftcap is null && c.AttentionScale is not null) q = q * (scale * Math.Sqrt(c.HeadDim));
        var groups = c.Heads / c.KvHeads;
        Tensor attended;
        if (c.AttentionSoftcap is { } cap)
        {
            if (groups > 1) (k, v) = (Repeat(k, groups), Repeat(v, groups));
            var scores = q.matmul(k.transpose(2, 3)) * scale;
            scores = (scores / cap).tanh() * cap;
            if (mask is not null) scores = scores + mask;
            attended = scores.softmax(-1, ScalarType.Float32).to(v.dtype).matmul(v);
        }
        else if (length == 1 && groups > 1)
        {
            // One query a head: the heads of a group can stand in the place of query positions, and keys need no copies.
            var grouped = q.view(rows, c.KvHeads, groups, c.HeadDim);
            attended = F.scaled_dot_product_attention(grouped, k, v, mask!).view(rows, c.Heads, 1, c.HeadDim);
        }
        else
        {
            if (groups > 1) (k, v) = (Repeat(k, groups), Repeat(v, groups));
            attended = F.scaled_dot_product_attention(q, k, v, mask!, 0, mask is null && length > 1);
        }
        return Linear.Apply(_o, attended.transpose(1, 2).reshape(rows, length, (long)c.Heads * c.HeadDim), options, views);
    }

    /// <summary>Queries, keys and values, [N, heads, T, headDim] each.</summary>
    private (Tensor Q, Tensor K, Tensor V) Projected(Tensor x, ForwardOptions options, LoraViews? views)
    {
        var c = _model.Config;
        if (_qkv is null) return (Heads(Made(_q!), c.Heads), Heads(Made(_k!), c.KvHeads), Heads(Made(_v!), c.KvHeads));
        long query = (long)c.Heads * c.HeadDim, kv = (long)c.KvHeads * c.HeadDim;
        var all = Made(_qkv);
        return (Heads(all.narrow(-1, 0, query), c.Heads), Heads(all.narrow(-1, query, kv), c.KvHeads), Heads(all.narrow(-1, query + kv, kv), c.KvHeads));

        Tensor Made(LinearSite site) => Linear.Apply(site, x, options, views);

        Tensor Heads(Tensor t, int heads) => t.reshape(x.shape[0], x.shape[1], heads, c.HeadDim).transpose(1, 2);
    }

    private static Tensor Repeat(Tensor x, int groups)
    {
        var s = x.shape;
        return x.unsqueeze(2).expand(s[0], s[1], groups, s[2], s[3]).reshape(s[0], s[1] * groups, s[2], s[3]);
    }
}
