using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Decoders;

/// <summary>
/// A decoder-only model: token embedding, then per layer norm → grouped-query attention → norm → feed-forward (or experts), a final norm and a linear head. What its family makes different is in
/// <see cref="DecoderConfig"/>. Loaded weights are frozen; LoRA comes in with each pass.
/// </summary>
public sealed class DecoderModel : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _weights;
    private readonly RotaryTable? _rotary;
    private readonly DecoderBlock[] _blocks;
    private readonly LinearSite _head;
    private readonly float _embeddingScale;

    /// <param name="config">Shapes.</param>
    /// <param name="weights">Every tensor named in <see cref="DecoderShapes.Of"/>, in its shape; owned by the model from now on.</param>
    public DecoderModel(DecoderConfig config, IReadOnlyDictionary<string, Tensor> weights)
    {
        Config = config;
        _weights = new(StringComparer.Ordinal);
        foreach (var (name, tensor) in weights) _weights.Add(name, tensor.DetachFromDisposeScope());
        _rotary = config.LearnedPositions ? null : new RotaryTable(config.Rope, config.HeadDim, config.MaxPositions, Device, Dtype);
        // Rounded to the weights' type, as where the model was trained.
        using (NewDisposeScope()) _embeddingScale = tensor((float)config.EmbeddingScale).to(Dtype).to(ScalarType.Float32).item<float>();
        var linears = new List<LinearSite>();
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new DecoderBlock(this, layer, linears))];
        _head = new LinearSite(linears.Count, "lm_head", _weights[config.TieWordEmbeddings ? config.Names.Embedding : "lm_head.weight"], null);
        linears.Add(_head);
        Linears = linears;
    }

    public DecoderConfig Config { get; }

    /// <summary>Every linear layer in order of execution; the last is <c>lm_head</c>.</summary>
    public IReadOnlyList<LinearSite> Linears { get; }

    /// <summary>By checkpoint name, ordinal order.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _weights;

    public Device Device => _weights[Config.Names.Embedding].device;
    public ScalarType Dtype => _weights[Config.Names.Embedding].dtype;
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
        _rotary?.Dispose();
    }

    internal Tensor Weight(string name) => _weights[name];

    internal Tensor? Find(string name) => _weights.GetValueOrDefault(name);

    /// <summary>Normalises the last dimension, in float32 whatever the weights are.</summary>
    internal Tensor Norm(Tensor x, string name)
    {
        var w = _weights[name + ".weight"];
        if (Config.Norm == NormKind.Layer) return F.layer_norm(x, [x.shape[^1]], w, _weights[name + ".bias"], Config.NormEps);
        var wide = x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32);
        var normed = wide * (wide * wide).mean([-1], keepdim: true).add_(Config.NormEps).rsqrt_();
        if (Config.Norm == NormKind.RmsPlusOne) return (normed * (1 + w.to(ScalarType.Float32))).to(x.dtype);
        return normed.to(x.dtype) * w;
    }

    internal static Tensor Apply(LinearSite site, Tensor x, ForwardOptions options, LoraViews? views, TokenPlaces? places = null)
    {
        var y = F.linear(x, site.Weight, site.Bias!);
        if (views?.Find(site.Index) is { } lora)
            y = y + lora.Delta(x, options.Training);
        if (options.Tap is { } tap && tap.Watches(site)) tap.Seen(site, x, y, places);
        return y;
    }

    private Tensor HiddenStates(Tensor ids, ForwardOptions options, LoraViews? views)
    {
        long rows = ids.shape[0], length = ids.shape[1], past = options.Cache?.Length ?? 0;
        if (past + length > Config.MaxPositions)
            throw new UserFaultException([$"A sequence of {past + length} tokens is longer than the model's {Config.MaxPositions} positions. Lower train.seqLen or shorten the prompt."]);
        var turn = _rotary is null ? default : options.Positions is { } positions ? _rotary.At(positions) : _rotary.Range(past, length);
        var masks = new AttentionMasks(Config, options.AttentionMask, length, past, Device, Dtype);

        var hidden = Embedded(ids, options, past);
        // With frozen weights nothing would ask for gradients before the first adapter; a tap needs them from the first linear on.
        if (options.Tap is not null && !hidden.requires_grad) hidden = hidden.detach().requires_grad_(true);
        foreach (var block in _blocks)
        {
            // Outside the layer's scope: other layers share it.
            var mask = masks.Of(block.Layer);
            using var scope = NewDisposeScope();
            hidden = block.Forward(hidden, turn, mask, options, views).MoveToOuterDisposeScope();
        }
        options.Cache?.Advance(length);
        return Norm(hidden, Config.Names.FinalNorm);
    }

    private Tensor Embedded(Tensor ids, ForwardOptions options, long past)
    {
        long rows = ids.shape[0], length = ids.shape[1];
        var hidden = _weights[Config.Names.Embedding].index_select(0, ids.reshape(-1)).view(rows, length, Config.HiddenSize);
        if (_embeddingScale != 1) hidden = hidden * _embeddingScale;
        if (!Config.LearnedPositions) return hidden;
        var table = _weights[Config.Names.Positions!];
        return hidden + (options.Positions is { } positions ? table.index_select(0, positions.reshape(-1)).view(rows, length, -1) : table.narrow(0, past, length));
    }

    private Tensor Head(Tensor hidden, ForwardOptions options, LoraViews? views)
    {
        var logits = Apply(_head, hidden, options, views);
        return Config.LogitSoftcap is { } cap ? (logits / cap).tanh() * cap : logits;
    }
}
