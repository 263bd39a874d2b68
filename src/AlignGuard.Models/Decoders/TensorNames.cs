namespace AlignGuard.Models.Decoders;

/// <summary>What a family calls its tensors, as in its checkpoints; the names of linear layers are those that PEFT adapters carry.</summary>
public sealed record TensorNames
{
    public required string Embedding { get; init; }
    public string? Positions { get; init; }
    public required string FinalNorm { get; init; }
    /// <summary>What stands before every name of a layer; {0} is its number.</summary>
    public required string Layer { get; init; }
    public required string AttentionNorm { get; init; }
    /// <summary>Of attention's output (<see cref="DecoderConfig.PostNorms"/>).</summary>
    public string? AfterAttentionNorm { get; init; }
    public required string MlpNorm { get; init; }
    public string? AfterMlpNorm { get; init; }
    /// <summary>Queries, keys and values in one layer; null = three.</summary>
    public string? FusedQkv { get; init; }
    public string Query { get; init; } = "self_attn.q_proj";
    public string Key { get; init; } = "self_attn.k_proj";
    public string Value { get; init; } = "self_attn.v_proj";
    public string Output { get; init; } = "self_attn.o_proj";
    public string QueryNorm { get; init; } = "self_attn.q_norm";
    public string KeyNorm { get; init; } = "self_attn.k_norm";
    public string Gate { get; init; } = "mlp.gate_proj";
    public string Up { get; init; } = "mlp.up_proj";
    public string Down { get; init; } = "mlp.down_proj";
    public string Router { get; init; } = "block_sparse_moe.gate";
    /// <summary>What stands before the parts of an expert; {0} is its number.</summary>
    public string Expert { get; init; } = "block_sparse_moe.experts.{0}.";
    /// <summary>Linear layers of the blocks lie transposed, [in, out], as in GPT-2's Conv1D.</summary>
    public bool Transposed { get; init; }

    /// <summary>Llama, Mistral, Qwen, Gemma.</summary>
    public static TensorNames Llama { get; } = new()
    {
        Embedding = "model.embed_tokens.weight",
        FinalNorm = "model.norm",
        Layer = "model.layers.{0}.",
        AttentionNorm = "input_layernorm",
        MlpNorm = "post_attention_layernorm",
    };

    internal string Of(int layer) => Layer.Replace("{0}", layer.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    internal string OfExpert(int expert) => Expert.Replace("{0}", expert.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
