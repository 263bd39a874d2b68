using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>
/// A T5: an encoder that sees the whole source, and a decoder that sees it and what it wrote so far. Positions are biases by distance, which the layers of a stack share. Loaded weights are frozen; LoRA comes in
/// with each pass.
/// </summary>
public sealed class EncoderDecoderModel : LanguageModel
{
    private readonly T5Block[] _encoder, _decoder;
    private readonly LinearSite _head;

    /// <param name="config">Shapes.</param>
    /// <param name="weights">Every tensor named in <see cref="EncoderDecoderShapes.Of"/>, in its shape; owned by the model from now on.</param>
    public EncoderDecoderModel(EncoderDecoderConfig config, IReadOnlyDictionary<string, Tensor> weights) : base(weights)
    {
        Config = config;
        var linears = new List<LinearSite>();
        _encoder = [.. Enumerable.Range(0, config.EncoderLayers).Select(layer => new T5Block(this, "encoder", layer, linears))];
        _decoder = [.. Enumerable.Range(0, config.DecoderLayers).Select(layer => new T5Block(this, "decoder", layer, linears))];
        _head = new LinearSite(linears.Count, "lm_head", Weight(config.TieWordEmbeddings ? EncoderDecoderShapes.Embedding : EncoderDecoderShapes.Head), null);
        linears.Add(_head);
        Linears = linears;
    }

    public EncoderDecoderConfig Config { get; }

    public override IReadOnlyList<LinearSite> Linears { get; }
    public override int VocabSize => Config.VocabSize;
    /// <summary>Distances have no end: any length is computed.</summary>
    public override int MaxPositions => int.MaxValue;
    public override int? PadId => Config.PadId;
    public override int? DecoderStartId => Config.DecoderStartId;

    public override KvCache NewCache(long rows, long capacity) => new(Config.DecoderLayers, Config.Heads, Config.HeadDim, rows, capacity, Device, Dtype);

    /// <summary>x / rms(x) · w.</summary>
    internal Tensor Norm(Tensor x, string name) => RmsNormed(x, Config.NormEps).to(x.dtype) * Weight(name + ".weight");

    /// <summary>Padding of the decoder's rows is on the right, where no token sees it; positions and masks of <see cref="ForwardOptions"/> are not looked at.</summary>
    private protected override Tensor HiddenStates(Tensor ids, ForwardOptions options, LoraViews? views)
    {
        var (source, sourceBias) = (default(Tensor), default(Tensor));
        if (options.Cache is { HasSource: true } read) sourceBias = read.SourceMask;
        else
        {
            if (options.Source is not { } given) throw new ArgumentException("An encoder-decoder needs its source: ForwardOptions.Source, or a cache that has read it.", nameof(options));
            sourceBias = Hidden(given.Mask.logical_not().view(given.Mask.shape[0], 1, 1, given.Mask.shape[1]));
            source = Encoded(given, sourceBias, options with { Cache = null }, views);
            options.Cache?.BeginSource(sourceBias);
        }

        long length = ids.shape[1], past = options.Cache?.Length ?? 0;
        var query = arange(past, past + length, device: Device).unsqueeze(1);
        var distances = arange(past + length, device: Device).unsqueeze(0) - query;
        var bias = Biases("decoder", distances, bothWays: false) + Hidden((distances > 0).unsqueeze(0).unsqueeze(0));
        var hidden = Through(_decoder, Linear.Tapped(Embedded(ids), options), bias, source, sourceBias, options, views);
        options.Cache?.Advance(length);
        return Norm(hidden, "decoder.final_layer_norm");
    }

    private Tensor Encoded(SourceTokens source, Tensor hiddenBias, ForwardOptions options, LoraViews? views)
    {
        var places = arange(source.Ids.shape[1], device: Device);
        var bias = Biases("encoder", places.unsqueeze(0) - places.unsqueeze(1), bothWays: true) + hiddenBias;
        return Norm(Through(_encoder, Linear.Tapped(Embedded(source.Ids), options), bias, null, null, options, views), "encoder.final_layer_norm");
    }

    private static Tensor Through(T5Block[] blocks, Tensor hidden, Tensor bias, Tensor? source, Tensor? sourceBias, ForwardOptions options, LoraViews? views)
    {
        foreach (var block in blocks)
        {
            using var scope = NewDisposeScope();
            Tensor[] inputs = [hidden, bias, .. source is null ? [] : new[] { source }, .. sourceBias is null ? [] : new[] { sourceBias }];
            hidden = options.Layer(inputs, views, block.Sites, block.Sites.Start.Value,
                (t, v) => block.Forward(t[0], t[1], source is null ? null : t[2], sourceBias is null ? null : t[^1], options, v)).MoveToOuterDisposeScope();
        }
        return hidden;
    }

    private Tensor Embedded(Tensor ids) => Weight(EncoderDecoderShapes.Embedding).index_select(0, ids.reshape(-1)).view(ids.shape[0], ids.shape[1], Config.HiddenSize);

    /// <summary>[1, heads, T, S] of distances [T, S].</summary>
    private Tensor Biases(string stack, Tensor distances, bool bothWays)
    {
        var buckets = RelativeBuckets.Of(distances, bothWays, Config.Buckets, Config.MaxDistance);
        var table = Weight($"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        return table.index_select(0, buckets.reshape(-1)).view(distances.shape[0], distances.shape[1], Config.Heads).permute(2, 0, 1).unsqueeze(0);
    }

    /// <summary>The most negative number where it is true: a row of which all is hidden stays finite.</summary>
    private Tensor Hidden(Tensor where) => zeros_like(where, dtype: Dtype).masked_fill_(where, Dtype == ScalarType.Float32 ? float.MinValue : -1e30f);

    private protected override Tensor Head(Tensor hidden, ForwardOptions options, LoraViews? views) =>
        Linear.Apply(_head, Config.ScaleOutputs ? hidden * Math.Pow(Config.HiddenSize, -0.5) : hidden, options, views);
}
