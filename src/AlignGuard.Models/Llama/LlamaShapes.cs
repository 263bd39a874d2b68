namespace AlignGuard.Models.Llama;

/// <summary>The tensors a Llama of a given configuration consists of.</summary>
public static class LlamaShapes
{
    /// <summary>Checkpoint name and shape, in order of execution. A tied model has no <c>lm_head.weight</c>.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(LlamaConfig c)
    {
        long hidden = c.HiddenSize, query = c.Heads * c.HeadDim, kv = c.KvHeads * c.HeadDim, wide = c.IntermediateSize;
        yield return ("model.embed_tokens.weight", [c.VocabSize, hidden]);
        for (var layer = 0; layer < c.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [hidden]);
            foreach (var tensor in Linear("self_attn.q_proj", query, hidden, c.AttentionBias)) yield return tensor;
            foreach (var tensor in Linear("self_attn.k_proj", kv, hidden, c.AttentionBias)) yield return tensor;
            foreach (var tensor in Linear("self_attn.v_proj", kv, hidden, c.AttentionBias)) yield return tensor;
            foreach (var tensor in Linear("self_attn.o_proj", hidden, query, c.AttentionBias)) yield return tensor;
            yield return (prefix + "post_attention_layernorm.weight", [hidden]);
            foreach (var tensor in Linear("mlp.gate_proj", wide, hidden, c.MlpBias)) yield return tensor;
            foreach (var tensor in Linear("mlp.up_proj", wide, hidden, c.MlpBias)) yield return tensor;
            foreach (var tensor in Linear("mlp.down_proj", hidden, wide, c.MlpBias)) yield return tensor;

            IEnumerable<(string, long[])> Linear(string name, long output, long input, bool bias)
            {
                yield return (prefix + name + ".weight", [output, input]);
                if (bias) yield return (prefix + name + ".bias", [output]);
            }
        }
        yield return ("model.norm.weight", [hidden]);
        if (!c.TieWordEmbeddings) yield return ("lm_head.weight", [c.VocabSize, hidden]);
    }
}
