using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>
/// A frozen language model: from token ids to logits, by linear layers that LoRA attaches to and the Fisher watches. A decoder-only model reads prompt and answer as one row; an encoder–decoder reads the
/// prompt with its encoder (<see cref="ForwardOptions.Source"/>), and its rows of ids are answers alone, behind <see cref="DecoderStartId"/>.
/// </summary>
public abstract class LanguageModel : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _weights = new(StringComparer.Ordinal);

    /// <param name="weights">Owned by the model from now on.</param>
    private protected LanguageModel(IReadOnlyDictionary<string, Tensor> weights)
    {
        foreach (var (name, tensor) in weights) _weights.Add(name, tensor.DetachFromDisposeScope());
    }

    /// <summary>Every linear layer in order of execution; the last is <c>lm_head</c>.</summary>
    public abstract IReadOnlyList<LinearSite> Linears { get; }

    public abstract int VocabSize { get; }

    /// <summary>Tokens of a row at most; longer inputs are an error, not silently extrapolated.</summary>
    public abstract int MaxPositions { get; }

    public abstract int? PadId { get; }

    /// <summary>What of its configuration a user should know: features that are read otherwise elsewhere, or left off.</summary>
    public virtual IReadOnlyList<string> Notes => [];

    /// <summary>What an answer of an encoder–decoder begins behind; null = a decoder-only model.</summary>
    public virtual int? DecoderStartId => null;

    /// <summary>By checkpoint name, ordinal order.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _weights;

    public Device Device => Linears[^1].Weight.device;
    public ScalarType Dtype => Linears[^1].Weight.dtype;
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
        return Head(Chosen(ids, flatPositions, options, views), options, views).MoveToOuterDisposeScope();
    }

    /// <summary>What the head reads, [R, hidden] in float32, at chosen places.</summary>
    /// <inheritdoc cref="LogitsAt"/>
    public Tensor HiddenAt(Tensor ids, Tensor flatPositions, ForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var views = options.Adapter?.OpenViews();
        return Chosen(ids, flatPositions, options, views).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Logits [R, vocab] that predict the batch's response tokens.</summary>
    public Tensor ResponseLogits(TokenBatch batch, ForwardOptions options) =>
        LogitsAt(batch.Ids, batch.Predictors, batch.Source is null && batch.Packed is null ? options : options with { Source = batch.Source, Packed = batch.Packed });

    /// <summary>Room for keys and values of so many rows of so many tokens.</summary>
    public abstract KvCache NewCache(long rows, long capacity);

    public virtual void Dispose()
    {
        foreach (var weight in _weights.Values) weight.Dispose();
    }

    private Tensor Chosen(Tensor ids, Tensor flatPositions, ForwardOptions options, LoraViews? views)
    {
        var hidden = HiddenStates(ids, options, views);
        return hidden.reshape(-1, hidden.shape[^1]).index_select(0, flatPositions);
    }

    /// <summary>What the head reads, [N, T, hidden], of token ids [N, T].</summary>
    private protected abstract Tensor HiddenStates(Tensor ids, ForwardOptions options, LoraViews? views);

    /// <summary>Logits [.., vocab] of hidden states [.., hidden].</summary>
    private protected abstract Tensor Head(Tensor hidden, ForwardOptions options, LoraViews? views);

    /// <summary>x / rms(x) over the last dimension, in float32 whatever the weights are.</summary>
    private protected static Tensor RmsNormed(Tensor x, double eps)
    {
        var wide = x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32);
        return wide * (wide * wide).mean([-1], keepdim: true).add_(eps).rsqrt_();
    }

    internal Tensor Weight(string name) => _weights[name];

    internal Tensor? Find(string name) => _weights.GetValueOrDefault(name);
}
