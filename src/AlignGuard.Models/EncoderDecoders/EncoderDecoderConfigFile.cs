using AlignGuard.Models.Decoders.Families;
using AlignGuard.Models.Networks;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>Reads config.json of T5 and mT5, in the layouts of transformers 4.x and 5.x. Absent keys have the values that T5Config gives them.</summary>
public static class EncoderDecoderConfigFile
{
    /// <summary>Values of <c>model_type</c>.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } = ["t5", "mt5"];

    /// <exception cref="ModelFormatException">The file is missing, is no JSON, or describes something this runtime does not compute.</exception>
    public static EncoderDecoderConfig Load(string path)
    {
        using var document = ModelJson.Read(path);
        var config = new ConfigReader(path, document.RootElement);
        var multilingual = config.Text("model_type") == "mt5";
        config.RefuseOtherModels("ForConditionalGeneration", "LMHeadModel");
        if (!config.Flag("is_encoder_decoder", otherwise: true)) config.Refuse("is_encoder_decoder", "a stack alone is not computed here.");
        var (activation, gated) = FeedForward(config, multilingual ? "gated-gelu" : "relu");
        var layers = config.Integer("num_layers") ?? (multilingual ? 8 : 6);
        var tied = config.Flag("tie_word_embeddings", otherwise: !multilingual);
        var read = new EncoderDecoderConfig
        {
            VocabSize = config.Integer("vocab_size") ?? (multilingual ? 250112 : 32128),
            HiddenSize = config.Integer("d_model") ?? 512,
            IntermediateSize = config.Integer("d_ff") ?? (multilingual ? 1024 : 2048),
            EncoderLayers = layers,
            DecoderLayers = config.Integer("num_decoder_layers") ?? layers,
            Heads = config.Integer("num_heads") ?? (multilingual ? 6 : 8),
            HeadDim = config.Integer("d_kv") ?? 64,
            Activation = activation,
            GatedMlp = gated,
            NormEps = config.PositiveNumber("layer_norm_epsilon") ?? 1e-6,
            Buckets = config.Integer("relative_attention_num_buckets") ?? 32,
            MaxDistance = config.Integer("relative_attention_max_distance") ?? 128,
            TieWordEmbeddings = tied,
            // 5.x says so; before it, T5 scaled where the head was tied. mT5 has a head of its own, and 5.x never scales it.
            ScaleOutputs = config.Flag("scale_decoder_outputs", otherwise: tied && !multilingual),
            DecoderStartId = config.Integer("decoder_start_token_id") ?? config.Integer("pad_token_id") ?? 0,
            EosIds = config.Ids("eos_token_id") is { Count: > 0 } ids ? ids : [1],
            PadId = config.Integer("pad_token_id") ?? 0,
        };
        foreach (var (key, value) in new[] { ("vocab_size", read.VocabSize), ("d_model", read.HiddenSize), ("d_ff", read.IntermediateSize), ("num_layers", read.EncoderLayers), ("num_decoder_layers", read.DecoderLayers), ("num_heads", read.Heads), ("d_kv", read.HeadDim) })
            config.Bounded(key, value);
        if ((long)read.Heads * read.HeadDim > ConfigReader.MaxSize) config.Refuse("num_heads", $"times d_kv ({read.HeadDim}) it is more than {ConfigReader.MaxSize:N0}: the file is damaged.");
        config.Bounded("relative_attention_num_buckets", read.Buckets);
        config.Countable("num_layers", Math.Max(read.EncoderLayers, read.DecoderLayers), 40);
        // A half for each direction, and of a half a half for single distances.
        if (read.Buckets < 4 || read.Buckets % 2 != 0) config.Refuse("relative_attention_num_buckets", "an even number of at least 4 is needed.");
        if (read.MaxDistance <= read.Buckets / 2) config.Refuse("relative_attention_max_distance", "it must lie above half of relative_attention_num_buckets.");
        foreach (var id in read.EosIds.Where(id => id < 0 || id >= read.VocabSize)) config.Refuse("eos_token_id", $"{id} must lie within the vocabulary of {read.VocabSize}.");
        if (read.PadId < 0 || read.PadId >= read.VocabSize) config.Refuse("pad_token_id", $"it must lie within the vocabulary of {read.VocabSize}.");
        if (read.DecoderStartId < 0 || read.DecoderStartId >= read.VocabSize) config.Refuse("decoder_start_token_id", $"it must lie within the vocabulary of {read.VocabSize}.");
        return config.Problems.Count > 0 ? throw new ModelFormatException(config.Problems) : read;
    }

    private static (Activation Activation, bool Gated) FeedForward(ConfigReader config, string otherwise)
    {
        var named = config.Text("feed_forward_proj") ?? otherwise;
        var gated = named.StartsWith("gated-", StringComparison.Ordinal);
        switch (gated ? named["gated-".Length..] : named)
        {
            case "relu":
                return (Activation.Relu, gated);
            // Gated, it is the tanh form, whatever its name says: so were the checkpoints trained.
            case "gelu":
                return (gated ? Activation.GeluTanh : Activation.Gelu, gated);
            case "gelu_new":
                return (Activation.GeluTanh, gated);
            case "silu" or "swish":
                return (Activation.Silu, gated);
            default:
                config.Refuse("feed_forward_proj", "this activation is not computed here; known: relu, gelu, gelu_new, silu, each also as gated-….");
                return (Activation.Relu, gated);
        }
    }
}
