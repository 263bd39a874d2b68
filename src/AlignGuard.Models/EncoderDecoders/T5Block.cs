using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using static TorchSharp.torch;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>One layer of either stack: self-attention, in the decoder attention to the source, feed-forward; each of the normalised stream and added to it.</summary>
internal sealed class T5Block
{
    private readonly EncoderDecoderModel _model;
    private readonly string _prefix;
    private readonly int _layer;
    private readonly T5Attention _self;
    private readonly T5Attention? _cross;
    private readonly FeedForward _mlp;

    public T5Block(EncoderDecoderModel model, string stack, int layer, List<LinearSite> linears)
    {
        var first = linears.Count;
        var config = model.Config;
        (_model, _layer, _prefix) = (model, layer, $"{stack}.block.{layer}.layer.");
        _self = Attention("0.SelfAttention");
        if (stack == "decoder") _cross = Attention("1.EncDecAttention");
        var mlp = Mlp + ".DenseReluDense.";
        var gate = config.GatedMlp ? Site(mlp + "wi_0") : null;
        _mlp = new FeedForward(config.Activation, gate, Site(mlp + (config.GatedMlp ? "wi_1" : "wi")), Site(mlp + "wo"));
        Sites = first..linears.Count;

        T5Attention Attention(string name) => new(config, Site(name + ".q"), Site(name + ".k"), Site(name + ".v"), Site(name + ".o"));

        LinearSite Site(string name)
        {
            var site = new LinearSite(linears.Count, _prefix + name, model.Weight(_prefix + name + ".weight"), null);
            linears.Add(site);
            return site;
        }
    }

    /// <summary>Indices of its linear layers.</summary>
    public Range Sites { get; }

    private string Mlp => _cross is null ? "1" : "2";

    /// <param name="bias">Of self-attention: distances and what is hidden.</param>
    /// <param name="source">The encoder's result; null in the encoder, and where the cache has its keys and values.</param>
    /// <param name="sourceBias">What of the source is hidden.</param>
    public Tensor Forward(Tensor x, Tensor bias, Tensor? source, Tensor? sourceBias, ForwardOptions options, LoraViews? views)
    {
        var normed = _model.Norm(x, _prefix + "0.layer_norm");
        var own = _self.KeyValues(normed, options, views);
        if (_cross is not null && options.Cache is { } cache) own = cache.Append(_layer, own.Keys, own.Values);
        x = x + _self.Forward(normed, own, bias, options, views);
        if (_cross is not null)
        {
            var asked = options.Cache is { } held ? held.SourceOf(_layer, Source) : Source();
            x = x + _cross.Forward(_model.Norm(x, _prefix + "1.layer_norm"), asked, sourceBias!, options, views);
        }
        return x + _mlp.Forward(_model.Norm(x, _prefix + Mlp + ".layer_norm"), options, views);

        (Tensor, Tensor) Source() => _cross!.KeyValues(source!, options, views);
    }
}
