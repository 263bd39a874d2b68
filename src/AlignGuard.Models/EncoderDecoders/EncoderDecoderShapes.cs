namespace AlignGuard.Models.EncoderDecoders;

/// <summary>The tensors a T5 of a given configuration consists of.</summary>
public static class EncoderDecoderShapes
{
    public const string Embedding = "shared.weight", Head = "lm_head.weight";

    /// <summary>Checkpoint name and shape (linear weights [out, in]), in order of execution. A tied model has no <see cref="Head"/>.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(EncoderDecoderConfig c)
    {
        long hidden = c.HiddenSize, inner = (long)c.Heads * c.HeadDim, wide = c.IntermediateSize;
        yield return (Embedding, [c.VocabSize, hidden]);
        foreach (var (stack, layers) in new[] { ("encoder", c.EncoderLayers), ("decoder", c.DecoderLayers) })
        {
            for (var layer = 0; layer < layers; layer++)
            {
                var prefix = $"{stack}.block.{layer}.layer.";
                List<(string, long[])> tensors =
                [
                    .. Attention(prefix + "0.SelfAttention"),
                    .. layer == 0 ? [(prefix + "0.SelfAttention.relative_attention_bias.weight", [c.Buckets, c.Heads])] : Array.Empty<(string, long[])>(),
                    (prefix + "0.layer_norm.weight", [hidden]),
                    .. stack == "decoder" ? [.. Attention(prefix + "1.EncDecAttention"), (prefix + "1.layer_norm.weight", [hidden])] : Array.Empty<(string, long[])>(),
                    .. Mlp(prefix + (stack == "decoder" ? "2" : "1")),
                ];
                foreach (var tensor in tensors) yield return tensor;
            }
            yield return ($"{stack}.final_layer_norm.weight", [hidden]);
        }
        if (!c.TieWordEmbeddings) yield return (Head, [c.VocabSize, hidden]);

        (string, long[])[] Attention(string name) => [(name + ".q.weight", [inner, hidden]), (name + ".k.weight", [inner, hidden]), (name + ".v.weight", [inner, hidden]), (name + ".o.weight", [hidden, inner])];

        (string, long[])[] Mlp(string part) =>
        [
            .. c.GatedMlp ? [(part + ".DenseReluDense.wi_0.weight", [wide, hidden]), (part + ".DenseReluDense.wi_1.weight", [wide, hidden])] : new (string, long[])[] { (part + ".DenseReluDense.wi.weight", [wide, hidden]) },
            (part + ".DenseReluDense.wo.weight", [hidden, wide]),
            (part + ".layer_norm.weight", [hidden]),
        ];
    }
}
