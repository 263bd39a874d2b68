using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Llama;

/// <summary>
/// A Llama: token embedding, then per layer RMSNorm → grouped-query attention with rotary positions → RMSNorm → SwiGLU, a final RMSNorm and a
/// linear head. Loaded weights are frozen; LoRA comes in with each pass.
/// </summary>
public sealed class LlamaModel : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _weights;
    private readonly RotaryTable _rotary;
    private readonly Block[] _blocks;
    private readonly LinearSite _head;

    /// <param name="config">Shapes.</param>
    /// <param name="weights">Every tensor named in <see cref="LlamaShapes.Of"/>, in its shape; owned by the model from now on.</param>
    public LlamaModel(LlamaConfig config, IReadOnlyDictionary<string, Tensor> weights)
    {
        Config = config;
        _weights = new(StringComparer.Ordinal);
        foreach (var (name, tensor) in weights) _weights.Add(name, tensor.DetachFromDisposeScope());
        _rotary = new RotaryTable(config.Rope, config.HeadDim, config.MaxPositions, Device);
        var linears = new List<LinearSite>();
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new Block(this, layer, linears))];
        _head = new LinearSite(linears.Count, "lm_head", _weights[config.TieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"], null);
        linears.Add(_head);
        Linears = linears;
    }

    public LlamaConfig Config { get; }

    /// <summary>Every linear layer in order of execution; the last is <c>lm_head</c>.</summary>
    public IReadOnlyList<LinearSite> Linears { get; }

    /// <summary>By checkpoint name, ordinal order.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _weights;

    public Device Device => _weights["model.embed_tokens.weight"].device;
    public ScalarType Dtype => _weights["model.embed_tokens.weight"].dtype;
    public long ParameterCount => _weights.Values.Sum(w => w.NumberOfElements);

    /// <summary>Logits [N, T, vocab] of token ids [N, T].</summary>
    public Tensor Logits(Tensor ids, ForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var views = options.Adapter?.OpenViews();
        return Head(HiddenStates(ids, options, views), options, views).MoveToOuterDisposeScope();
    }

    /// <summary>Logits [R, vocab] at chosen places only: <paramref name="flatPositions"/> [R] indexes N·T. The head is the widest product of a
    /// small model; prompts need none of it.</summary>
    public Tensor LogitsAt(Tensor ids, Tensor flatPositions, ForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var views = options.Adapter?.OpenViews();
        var hidden = HiddenStates(ids, options, views);
        return Head(hidden.reshape(-1, Config.HiddenSize).index_select(0, flatPositions), options, views).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var weight in _weights.Values) weight.Dispose();
        _rotary.Dispose();
    }

    private Tensor HiddenStates(Tensor ids, ForwardOptions options, LoraViews? views)
    {
        long rows = ids.shape[0], length = ids.shape[1], past = options.Cache?.Length ?? 0;
        if (past + length > Config.MaxPositions)
            throw new UserFaultException([$"A sequence of {past + length} tokens is longer than the model's {Config.MaxPositions} positions. Lower train.seqLen or shorten the prompt."]);
        var (cos, sin) = options.Positions is { } positions ? _rotary.At(positions) : _rotary.Range(past, length);
        var mask = options.AttentionMask is { } valid ? Mask(valid, length, past) : null;

        var hidden = _weights["model.embed_tokens.weight"].index_select(0, ids.reshape(-1)).view(rows, length, Config.HiddenSize);
        // With frozen weights nothing would ask for gradients before the first adapter; a tap needs them from the first linear on.
        if (options.Tap is not null && !hidden.requires_grad) hidden = hidden.detach().requires_grad_(true);
        foreach (var block in _blocks)
        {
            using var scope = NewDisposeScope();
            hidden = block.Forward(hidden, cos, sin, mask, options, views).MoveToOuterDisposeScope();
        }
        options.Cache?.Advance(length);
        return Norm(hidden, "model.norm.weight");
    }

    private Tensor Head(Tensor hidden, ForwardOptions options, LoraViews? views) => Apply(_head, hidden, options, views);

    /// <summary>Additive mask [N, 1, T, past + T]: causal, padding hidden, but each token sees itself, so that a row of pure padding stays finite.</summary>
    private Tensor Mask(Tensor valid, long length, long past)
    {
        using var scope = NewDisposeScope();
        var total = past + length;
        var query = arange(past, total, device: Device).view(1, 1, length, 1);
        var key = arange(total, device: Device).view(1, 1, 1, total);
        var visible = valid.to(ScalarType.Bool).view(valid.shape[0], 1, 1, total).logical_and(key <= query).logical_or(key == query);
        return zeros_like(visible, dtype: Dtype).masked_fill_(visible.logical_not(), float.NegativeInfinity).MoveToOuterDisposeScope();
    }

    private Tensor Norm(Tensor x, string name)
    {
        var scale = (x * x).mean([-1], keepdim: true).add_(Config.RmsNormEps).rsqrt_();
        return x * scale * _weights[name];
    }

    private static Tensor Apply(LinearSite site, Tensor x, ForwardOptions options, LoraViews? views)
    {
        var y = F.linear(x, site.Weight, site.Bias!);
        if (views?.Find(site.Index) is { } lora)
            y = y + lora.Delta(x, options.Training);
        if (options.Tap is { } tap && tap.Watches(site)) tap.Seen(site, x, y);
        return y;
    }

    private sealed class Block
    {
        private readonly LlamaModel _model;
        private readonly string _prefix;
        private readonly LinearSite _q, _k, _v, _o, _gate, _up, _down;

        public Block(LlamaModel model, int layer, List<LinearSite> linears)
        {
            _model = model;
            _prefix = $"model.layers.{layer}.";
            Layer = layer;
            _q = Site("self_attn.q_proj");
            _k = Site("self_attn.k_proj");
            _v = Site("self_attn.v_proj");
            _o = Site("self_attn.o_proj");
            _gate = Site("mlp.gate_proj");
            _up = Site("mlp.up_proj");
            _down = Site("mlp.down_proj");

            LinearSite Site(string name)
            {
                var full = _prefix + name;
                var site = new LinearSite(linears.Count, full, model._weights[full + ".weight"], model._weights.GetValueOrDefault(full + ".bias"));
                linears.Add(site);
                return site;
            }
        }

        private int Layer { get; }

        public Tensor Forward(Tensor x, Tensor cos, Tensor sin, Tensor? mask, ForwardOptions options, LoraViews? views)
        {
            var c = _model.Config;
            long rows = x.shape[0], length = x.shape[1];
            var normed = _model.Norm(x, _prefix + "input_layernorm.weight");
            var q = RotaryTable.Rotate(Heads(_q, c.Heads), cos, sin);
            var k = RotaryTable.Rotate(Heads(_k, c.KvHeads), cos, sin);
            var v = Heads(_v, c.KvHeads);
            if (options.Cache is { } cache) (k, v) = cache.Append(Layer, k, v);

            var groups = c.Heads / c.KvHeads;
            Tensor attended;
            if (length == 1 && groups > 1)
            {
                // One query a head: the heads of a group can stand in the place of query positions, and keys need no copies.
                var grouped = q.view(rows, c.KvHeads, groups, c.HeadDim);
                attended = F.scaled_dot_product_attention(grouped, k, v, mask!).view(rows, c.Heads, 1, c.HeadDim);
            }
            else
            {
                if (groups > 1) (k, v) = (Repeat(k, groups), Repeat(v, groups));
                var causal = mask is null && length > 1;
                attended = F.scaled_dot_product_attention(q, k, v, mask!, 0, causal);
            }
            var context = attended.transpose(1, 2).reshape(rows, length, c.Heads * c.HeadDim);
            x = x + Apply(_o, context, options, views);

            normed = _model.Norm(x, _prefix + "post_attention_layernorm.weight");
            var gated = F.silu(Apply(_gate, normed, options, views)) * Apply(_up, normed, options, views);
            return x + Apply(_down, gated, options, views);

            Tensor Heads(LinearSite site, int heads) =>
                Apply(site, normed, options, views).view(rows, length, heads, c.HeadDim).transpose(1, 2);
        }

        private static Tensor Repeat(Tensor x, int groups)
        {
            var s = x.shape;
            return x.unsqueeze(2).expand(s[0], s[1], groups, s[2], s[3]).reshape(s[0], s[1] * groups, s[2], s[3]);
        }
    }
}
