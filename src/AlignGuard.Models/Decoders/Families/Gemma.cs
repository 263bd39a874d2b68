namespace AlignGuard.Models.Decoders.Families;

/// <summary>Gemma: norms of 1 + w, scaled embeddings, GELU, a tied head. Gemma 2: norms after the parts too, soft caps, a window on every other layer.</summary>
internal static class Gemma
{
    private static readonly TensorNames Gemma2Names = TensorNames.Llama with
    {
        AfterAttentionNorm = "post_attention_layernorm",
        MlpNorm = "pre_feedforward_layernorm",
        AfterMlpNorm = "post_feedforward_layernorm",
    };

    public static Family Gemma1 { get; } = new("gemma", "GemmaForCausalLM", config => Common(config));

    public static Family Gemma2 { get; } = new("gemma2", "Gemma2ForCausalLM", config =>
    {
        var shape = Common(config) with
        {
            Names = Gemma2Names,
            PostNorms = true,
            AttentionSoftcap = config.Number("attn_logit_softcapping"),
            LogitSoftcap = config.Number("final_logit_softcapping"),
        };
        var scale = 1 / Math.Sqrt(config.Number("query_pre_attn_scalar") ?? 256);
        shape = shape with { AttentionScale = _ => scale };
        if (config.Texts("layer_types") is { } kinds) return LayerKinds.Windowed(config, shape, kinds);
        var window = config.Integer("sliding_window") ?? 4096;
        return shape with { Window = layer => layer % 2 == 0 ? window : null };
    });

    private static DecoderConfig Common(ConfigReader config)
    {
        var bias = config.Flag("attention_bias");
        var shape = config.Common(config.KvHeads());
        return shape with
        {
            // Older files say gelu and mean the form by tanh, which is how all of them were trained.
            Activation = config.Text("hidden_activation") is null ? Activation.GeluTanh : config.Activation(Activation.GeluTanh, "hidden_activation"),
            Norm = NormKind.RmsPlusOne,
            EmbeddingScale = Math.Sqrt(shape.HiddenSize),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", otherwise: true),
            QkvBias = bias,
            OutputBias = bias,
            HeadDim = config.Integer("head_dim") ?? 256,
        };
    }
}
