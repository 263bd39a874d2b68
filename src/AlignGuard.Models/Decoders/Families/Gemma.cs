using AlignGuard.Models.Networks;

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

    private static readonly FamilyDefaults Absent = new(Positions: 8192, BosId: 2, EosId: 1, PadId: 0, KvHeads: 16, HeadDim: 256, Tied: true);

    public static Family Gemma1 { get; } = new("gemma", "GemmaForCausalLM", config => Common(config, Absent) with { Activation = Gate(config) });

    public static Family Gemma2 { get; } = new("gemma2", "Gemma2ForCausalLM", config =>
    {
        // Caps left out are those of the published models; null is none.
        var shape = Common(config, Absent with { KvHeads = 4 }) with
        {
            Names = Gemma2Names,
            PostNorms = true,
            AttentionSoftcap = config.PositiveNumber("attn_logit_softcapping", 50),
            LogitSoftcap = config.PositiveNumber("final_logit_softcapping", 30),
        };
        var scale = 1 / Math.Sqrt(config.PositiveNumber("query_pre_attn_scalar") ?? 256);
        shape = shape with { AttentionScale = _ => scale };
        var window = config.Window("sliding_window", 4096);
        if (config.Texts("layer_types") is { } kinds) return LayerKinds.Windowed(config, shape, kinds, window);
        return window is null ? shape : shape with { Window = layer => layer % 2 == 0 ? window : null };
    });

    private static DecoderConfig Common(ConfigReader config, FamilyDefaults absent)
    {
        if (config.Flag("use_bidirectional_attention")) config.Refuse("use_bidirectional_attention", "attention to later tokens is not computed here: such a model embeds texts and writes none.");
        var bias = config.Flag("attention_bias");
        var shape = config.Common(absent);
        return shape with
        {
            Activation = config.Activation(Activation.GeluTanh, "hidden_activation"),
            Norm = NormKind.RmsPlusOne,
            EmbeddingScale = Math.Sqrt(shape.HiddenSize),
            QkvBias = bias,
            OutputBias = bias,
        };
    }

    /// <summary>The first Gemma's files say gelu and mean the form by tanh, which is how all of them were trained.</summary>
    private static Activation Gate(ConfigReader config)
    {
        if (config.Text("hidden_activation") is not null || config.Text("hidden_act") != "gelu") return config.Activation(Activation.GeluTanh, "hidden_activation", "hidden_act");
        config.Notes.Add("'hidden_act' is gelu: computed by tanh, as Gemma was trained. Some versions of transformers take the form by erf; 'hidden_activation': \"gelu_pytorch_tanh\" says which is meant.");
        return Activation.GeluTanh;
    }
}
