namespace AlignGuard.Models.Decoders;

/// <summary>The tensors a model of a given configuration consists of.</summary>
public static class DecoderShapes
{
    /// <summary>Checkpoint name and shape as the model holds it (linear weights [out, in], see <see cref="IsTransposed"/>), in order of execution. A tied model has no <c>lm_head.weight</c>.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(DecoderConfig c)
    {
        var n = c.Names;
        long hidden = c.HiddenSize, query = (long)c.Heads * c.HeadDim, kv = (long)c.KvHeads * c.HeadDim, wide = c.IntermediateSize;
        yield return (n.Embedding, [c.VocabSize, hidden]);
        if (c.LearnedPositions) yield return (n.Positions!, [c.MaxPositions, hidden]);
        for (var layer = 0; layer < c.Layers; layer++)
        {
            var prefix = n.Of(layer);
            List<(string, long[])> tensors =
            [
                .. Norm(n.AttentionNorm, hidden),
                .. n.FusedQkv is { } fused ? Linear(fused, query + 2 * kv, hidden, c.QkvBias) : [.. Linear(n.Query, query, hidden, c.QkvBias), .. Linear(n.Key, kv, hidden, c.QkvBias), .. Linear(n.Value, kv, hidden, c.QkvBias)],
                .. c.QkNorm ? [.. Norm(n.QueryNorm, c.HeadDim), .. Norm(n.KeyNorm, c.HeadDim)] : Array.Empty<(string, long[])>(),
                .. Linear(n.Output, hidden, query, c.OutputBias),
                .. c.PostNorms ? Norm(n.AfterAttentionNorm!, hidden) : [],
                .. Norm(n.MlpNorm, hidden),
                .. c.Experts == 0 ? Mlp("") : [.. Linear(n.Router, c.Experts, hidden, false), .. Enumerable.Range(0, c.Experts).SelectMany(e => Mlp(n.OfExpert(e)))],
                .. c.PostNorms ? Norm(n.AfterMlpNorm!, hidden) : [],
            ];
            foreach (var tensor in tensors) yield return tensor;

            IEnumerable<(string, long[])> Mlp(string part) =>
                [.. c.GatedMlp ? Linear(part + n.Gate, wide, hidden, c.MlpBias) : [], .. Linear(part + n.Up, wide, hidden, c.MlpBias), .. Linear(part + n.Down, hidden, wide, c.MlpBias)];

            IEnumerable<(string, long[])> Linear(string name, long output, long input, bool bias) =>
                bias ? [(prefix + name + ".weight", [output, input]), (prefix + name + ".bias", [output])] : [(prefix + name + ".weight", [output, input])];

            IEnumerable<(string, long[])> Norm(string name, long size) => NormOf(c, prefix + name, size);
        }
        foreach (var tensor in NormOf(c, n.FinalNorm, hidden)) yield return tensor;
        if (!c.TieWordEmbeddings) yield return ("lm_head.weight", [c.VocabSize, hidden]);
    }

    /// <summary>True for a weight that lies as [in, out] in the checkpoint.</summary>
    public static bool IsTransposed(DecoderConfig c, string name, long[] shape) =>
        c.Names.Transposed && shape.Length == 2 && name != c.Names.Embedding && name != c.Names.Positions && name != "lm_head.weight";

    private static IEnumerable<(string, long[])> NormOf(DecoderConfig c, string name, long size) =>
        c.Norm == NormKind.Layer ? [(name + ".weight", [size]), (name + ".bias", [size])] : [(name + ".weight", [size])];
}
