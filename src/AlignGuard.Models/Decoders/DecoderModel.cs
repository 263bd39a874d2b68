using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Decoders;

/// <summary>
/// A decoder-only model: token embedding, then per layer norm → grouped-query attention → norm → feed-forward (or experts), a final norm and a linear head. What its family makes different is in
/// <see cref="DecoderConfig"/>. Loaded weights are frozen; LoRA comes in with each pass.
/// </summary>
public sealed class DecoderModel : LanguageModel
{
    private readonly RotaryTable? _rotary;
    private readonly DecoderBlock[] _blocks;
    private readonly LinearSite _head;
    private readonly float _embeddingScale;

    /// <param name="config">Shapes.</param>
    /// <param name="weights">Every tensor named in <see cref="DecoderShapes.Of"/>, in its shape; owned by the model from now on.</param>
    public DecoderModel(DecoderConfig config, IReadOnlyDictionary<string, Tensor> weights) : base(weights)
    {
        Config = config;
        var embedding = Weight(config.Names.Embedding);
        _rotary = config.LearnedPositions ? null : new RotaryTable(config.Rope, config.HeadDim, embedding.device, embedding.dtype);
        // Rounded to the weights' type, as where the model was trained.
        using (NewDisposeScope()) _embeddingScale = tensor((float)config.EmbeddingScale).to(embedding.dtype).to(ScalarType.Float32).item<float>();
        var linears = new List<LinearSite>();
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new DecoderBlock(this, layer, linears))];
        _head = new LinearSite(linears.Count, "lm_head", config.TieWordEmbeddings ? embedding : Weight("lm_head.weight"), null);
        linears.Add(_head);
        Linears = linears;
    }

    public DecoderConfig Config { get; }

    public override IReadOnlyList<LinearSite> Linears { get; }
    public override int VocabSize => Config.VocabSize;
    public override int MaxPositions => Config.MaxPositions;
    public override int? PadId => Config.PadId;
    public override IReadOnlyList<string> Notes => Config.Notes;

    public override KvCache NewCache(long rows, long capacity) => new(Config.Layers, Config.KvHeads, Config.HeadDim, rows, capacity, Device, Dtype);

    public override void Dispose()
    {
        base.Dispose();
        _rotary?.Dispose();
    }

    /// <summary>Normalises the last dimension, in float32 whatever the weights are.</summary>
    internal Tensor Norm(Tensor x, string name)
    {
        var w = Weight(name + ".weight");
        if (Config.Norm == NormKind.Layer) return F.layer_norm(x, [x.shape[^1]], w, Weight(name + ".bias"), Config.NormEps);
        var normed = RmsNormed(x, Config.NormEps);
        if (Config.Norm == NormKind.RmsPlusOne) return (normed * (1 + w.to(ScalarType.Float32))).to(x.dtype);
        return normed.to(x.dtype) * w;
    }

    private protected override Tensor HiddenStates(Tensor ids, ForwardOptions options, LoraViews? views)
    {
        long rows = ids.shape[0], length = ids.shape[1], past = options.Cache?.Length ?? 0;
        if (past + length > Config.MaxPositions)
            throw new UserFaultException([$"A sequence of {past + length} tokens is longer than the model's {Config.MaxPositions} positions. Lower train.seqLen or shorten the prompt."]);
        if (options.Packed is { } packed)
        {
            if (options.Cache is not null || options.AttentionMask is not null || options.Positions is not null)
                throw new ArgumentException("Packed sequences bring positions and a mask of their own, and are not generated from: no cache, no AttentionMask, no Positions beside them.", nameof(options));
            options = options with { Positions = packed.Positions };
        }
        var turn = _rotary is null ? default : options.Positions is { } positions ? _rotary.At(positions, past + length) : _rotary.Range(past, length);
        var masks = new AttentionMasks(Config, options.AttentionMask, options.Packed?.Segments, length, past, Device, Dtype);

        var hidden = Linear.Tapped(Embedded(ids, options, past), options);
        foreach (var block in _blocks)
        {
            // Outside the layer's scope: other layers share it.
            var mask = masks.Of(block.Layer);
            using var scope = NewDisposeScope();
            Tensor[] inputs = [hidden, .. _rotary is null ? [] : new[] { turn.Cos, turn.Sin }, .. mask is null ? [] : new[] { mask }];
            hidden = options.Layer(inputs, views, block.Sites, block.Layer, (t, v) => block.Forward(t[0], _rotary is null ? default : (t[1], t[2]), mask is null ? null : t[^1], options, v)).MoveToOuterDisposeScope();
        }
        options.Cache?.Advance(length);
        return Norm(hidden, Config.Names.FinalNorm);
    }

    private Tensor Embedded(Tensor ids, ForwardOptions options, long past)
    {
        long rows = ids.shape[0], length = ids.shape[1];
        var hidden = Weight(Config.Names.Embedding).index_select(0, ids.reshape(-1)).view(rows, length, Config.HiddenSize);
        if (_embeddingScale != 1) hidden = hidden * _embeddingScale;
        if (!Config.LearnedPositions) return hidden;
        var table = Weight(Config.Names.Positions!);
        return hidden + (options.Positions is { } positions ? table.index_select(0, positions.reshape(-1)).view(rows, length, -1) : table.narrow(0, past, length));
    }

    private protected override Tensor Head(Tensor hidden, ForwardOptions options, LoraViews? views)
    {
        var logits = Linear.Apply(_head, hidden, options, views);
        return Config.LogitSoftcap is { } cap ? (logits / cap).tanh() * cap : logits;
    }
}
