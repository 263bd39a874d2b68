using AlignGuard.Models.Networks;

namespace AlignGuard.Models.Decoders.Families;

/// <summary>GPT-2: learned positions, layer norms with biases, queries, keys and values in one layer, weights stored [in, out].</summary>
internal static class Gpt2
{
    private static readonly TensorNames Names = new()
    {
        Embedding = "transformer.wte.weight",
        Positions = "transformer.wpe.weight",
        FinalNorm = "transformer.ln_f",
        Layer = "transformer.h.{0}.",
        AttentionNorm = "ln_1",
        MlpNorm = "ln_2",
        FusedQkv = "attn.c_attn",
        Output = "attn.c_proj",
        Up = "mlp.c_fc",
        Down = "mlp.c_proj",
        Transposed = true,
    };

    public static Family Family { get; } = new("gpt2", "GPT2LMHeadModel", config =>
    {
        int hidden = config.Positive("n_embd"), heads = config.Positive("n_head");
        if (heads > 0 && hidden % heads != 0) config.Refuse("n_head", $"it must divide n_embd ({hidden}).");
        if (config.Flag("add_cross_attention")) config.Refuse("add_cross_attention", "cross-attention is not computed here.");
        // Not 0 in the published files: 0.1 where they are left out, so only what a file says is told.
        config.NotDropped("attn_pdrop", "resid_pdrop", "embd_pdrop");
        int vocabulary = config.Positive("vocab_size"), inner = config.Integer("n_inner") ?? (int)Math.Min(4L * hidden, int.MaxValue), positions = config.Integer("n_positions") ?? 1024;
        config.Bounded("n_inner", inner);
        config.Bounded("n_positions", positions);
        var headDim = heads > 0 ? hidden / heads : 0;
        var scaled = config.Flag("scale_attn_weights", otherwise: true) ? 1 / Math.Sqrt(Math.Max(headDim, 1)) : 1;
        var inverse = config.Flag("scale_attn_by_inverse_layer_idx");
        return new DecoderConfig
        {
            Names = Names,
            VocabSize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = inner,
            Layers = config.Positive("n_layer"),
            Heads = heads,
            KvHeads = heads,
            HeadDim = headDim,
            Norm = NormKind.Layer,
            NormEps = config.PositiveNumber("layer_norm_epsilon") ?? 1e-5,
            Activation = config.Activation(Activation.GeluTanh, "activation_function"),
            GatedMlp = false,
            QkvBias = true,
            OutputBias = true,
            MlpBias = true,
            LearnedPositions = true,
            AttentionScale = inverse ? layer => scaled / (layer + 1) : config.Flag("scale_attn_weights", otherwise: true) ? null : _ => 1,
            TieWordEmbeddings = config.Flag("tie_word_embeddings", otherwise: true),
            MaxPositions = positions,
            BosId = config.TokenId("bos_token_id", 50256, vocabulary),
            EosIds = config.TokenIds("eos_token_id", 50256, vocabulary),
            PadId = config.TokenId("pad_token_id", null, vocabulary),
        };
    });
}
