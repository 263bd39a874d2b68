using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using Xunit;

namespace AlignGuard.Models.Tests.Decoders;

/// <summary>What transformers (4.52) takes where a config.json leaves a key out, by family; files that it saves leave out what equals a default.</summary>
public sealed class FamilyDefaultTests : IDisposable
{
    private const string Sizes = "\"vocab_size\": 64, \"hidden_size\": 2048, \"intermediate_size\": 48, \"num_hidden_layers\": 4, \"num_attention_heads\": 32";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    //          family     kv  head  eps   theta  positions bos   eos   pad   tied
    [InlineData("llama", 32, 64, 1e-6, 10000, 2048, 1, 2, null, false)]
    [InlineData("mistral", 8, 64, 1e-6, 10000, 131072, 1, 2, null, false)]
    [InlineData("mixtral", 8, 64, 1e-5, 1e6, 131072, 1, 2, null, false)]
    [InlineData("qwen2", 32, 64, 1e-6, 10000, 32768, null, null, null, false)]
    [InlineData("qwen3", 32, 128, 1e-6, 10000, 32768, null, null, null, false)]
    [InlineData("gemma", 16, 256, 1e-6, 10000, 8192, 2, 1, 0, true)]
    [InlineData("gemma2", 4, 256, 1e-6, 10000, 8192, 2, 1, 0, true)]
    public void A_key_left_out_is_the_family_s_default(string family, int kvHeads, int headDim, double eps, double theta, int positions, int? bos, int? eos, int? pad, bool tied)
    {
        var c = Load(family);
        Assert.Equal((kvHeads, headDim, eps, theta, positions), (c.KvHeads, c.HeadDim, c.NormEps, c.Rope.Theta, c.MaxPositions));
        Assert.Equal((bos, pad, tied), (c.BosId, c.PadId, c.TieWordEmbeddings));
        Assert.Equal(eos is { } id ? [id] : [], c.EosIds);
        Assert.Equal((false, "default"), (c.MlpBias, c.Rope.Type));
        Assert.Equal(family == "qwen2", c.QkvBias);
    }

    [Fact]
    public void Gpt2_s_defaults()
    {
        var c = LoadText("""{ "model_type": "gpt2", "vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4 }""");
        Assert.Equal((1024, 128, 1e-5, true), (c.MaxPositions, c.IntermediateSize, c.NormEps, c.TieWordEmbeddings));
        Assert.Equal((50256, 50256, null), (c.BosId, Assert.Single(c.EosIds), c.PadId));
        Assert.Equal(Activation.GeluTanh, c.Activation);
        Assert.Null(c.AttentionScale);
    }

    [Fact]
    public void A_null_is_none_where_a_key_left_out_is_a_default()
    {
        var c = Load("llama", "\"bos_token_id\": null, \"eos_token_id\": null, \"num_key_value_heads\": null, \"head_dim\": null");
        Assert.Null(c.BosId);
        Assert.Empty(c.EosIds);
        Assert.Equal((32, 64), (c.KvHeads, c.HeadDim));
        // 8 where it is left out, but as many as heads where it is null.
        Assert.Equal(32, Load("mistral", "\"num_key_value_heads\": null").KvHeads);
        Assert.Equal([5, 6], Load("llama", "\"eos_token_id\": [5, 6]").EosIds);
    }

    [Theory]
    [InlineData("mistral", "", "4096 4096 4096 4096")]
    [InlineData("mistral", "\"sliding_window\": null", "- - - -")]
    [InlineData("mistral", "\"sliding_window\": 7", "7 7 7 7")]
    [InlineData("mixtral", "", "- - - -")]
    [InlineData("mixtral", "\"sliding_window\": 7", "7 7 7 7")]
    [InlineData("qwen2", "\"sliding_window\": 7, \"max_window_layers\": 1", "- - - -")]
    [InlineData("qwen2", "\"use_sliding_window\": true, \"sliding_window\": 7, \"max_window_layers\": 1", "- 7 7 7")]
    [InlineData("qwen3", "\"use_sliding_window\": true, \"max_window_layers\": 2", "- - 4096 4096")]
    [InlineData("qwen3", "\"use_sliding_window\": true, \"sliding_window\": null, \"max_window_layers\": 2", "- - - -")]
    [InlineData("qwen3", "\"use_sliding_window\": true, \"sliding_window\": 7, \"max_window_layers\": 0, \"layer_types\": [\"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]", "- 7 - -")]
    [InlineData("gemma2", "", "4096 - 4096 -")]
    [InlineData("gemma2", "\"sliding_window\": null", "- - - -")]
    [InlineData("gemma2", "\"sliding_window\": 7", "7 - 7 -")]
    [InlineData("gemma2", "\"sliding_window\": 7, \"layer_types\": [\"full_attention\", \"sliding_attention\", \"sliding_attention\", \"full_attention\"]", "- 7 7 -")]
    public void Windows_by_layer(string family, string keys, string expected)
    {
        var c = Load(family, keys);
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, c.Layers).Select(l => c.Window?.Invoke(l)?.ToString() ?? "-")));
    }

    [Fact]
    public void Gemma2_s_caps_and_scale()
    {
        var c = Load("gemma2");
        Assert.Equal((50.0, 30.0), (c.AttentionSoftcap, c.LogitSoftcap));
        Assert.Equal(1.0 / 16, c.AttentionScale!(3), 12);
        var none = Load("gemma2", "\"attn_logit_softcapping\": null, \"final_logit_softcapping\": null, \"query_pre_attn_scalar\": 144");
        Assert.Equal((null, null), (none.AttentionSoftcap, none.LogitSoftcap));
        Assert.Equal(1.0 / 12, none.AttentionScale!(0), 12);
        Assert.Equal(Activation.GeluTanh, c.Activation);
        Assert.Equal(Activation.Gelu, Load("gemma2", "\"hidden_activation\": \"gelu\"").Activation);
    }

    [Theory]
    [InlineData("", Activation.GeluTanh, false)]
    [InlineData("\"hidden_act\": \"gelu\", \"hidden_activation\": null", Activation.GeluTanh, true)]
    [InlineData("\"hidden_act\": \"gelu\", \"hidden_activation\": \"gelu_pytorch_tanh\"", Activation.GeluTanh, false)]
    [InlineData("\"hidden_act\": \"gelu_pytorch_tanh\"", Activation.GeluTanh, false)]
    [InlineData("\"hidden_activation\": \"gelu\"", Activation.Gelu, false)]
    [InlineData("\"hidden_act\": \"relu\"", Activation.Relu, false)]
    public void Gemma_s_gelu_is_the_form_by_tanh_and_where_a_file_could_mean_another_that_is_said(string keys, Activation expected, bool noted)
    {
        var c = Load("gemma", keys);
        Assert.Equal((expected, noted), (c.Activation, c.Notes.Any(n => n.Contains("hidden_act"))));
    }

    [Fact]
    public void Mixtral_s_experts()
    {
        Assert.Equal((8, 2), (Load("mixtral").Experts, Load("mixtral").ExpertsPerToken));
        Assert.Equal((4, 3), (Load("mixtral", "\"num_local_experts\": 4, \"num_experts_per_tok\": 3").Experts, Load("mixtral", "\"num_local_experts\": 4, \"num_experts_per_tok\": 3").ExpertsPerToken));
    }

    [Theory]
    [InlineData("gemma", "\"use_bidirectional_attention\": true", "use_bidirectional_attention")]
    [InlineData("gemma2", "\"use_bidirectional_attention\": true", "use_bidirectional_attention")]
    [InlineData("mixtral", "\"output_router_logits\": true", "output_router_logits")]
    [InlineData("mixtral", "\"router_jitter_noise\": 0.1", "router_jitter_noise")]
    [InlineData("mixtral", "\"num_experts_per_tok\": 9", "num_experts_per_tok")]
    [InlineData("mixtral", "\"num_local_experts\": 0", "num_local_experts")]
    [InlineData("qwen2", "\"layer_types\": [\"sliding_attention\", \"full_attention\", \"full_attention\", \"full_attention\"]", "use_sliding_window")]
    [InlineData("llama", "\"quantization_config\": { \"bits\": 4 }", "quantization_config")]
    [InlineData("llama", "\"partial_rotary_factor\": 0.5", "partial_rotary_factor")]
    [InlineData("llama", "\"attention_bias\": \"yes\"", "true or false")]
    [InlineData("llama", "\"max_position_embeddings\": 0", "max_position_embeddings")]
    [InlineData("llama", "\"rope_scaling\": { \"type\": \"linear\" }", "'factor' is missing")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4 }", "'original_max_position_embeddings' is missing")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"linear\", \"factor\": -1 }", "must be positive")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"yarn\" }", "yarn needs 'factor'")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"longrope\", \"factor\": 2, \"long_factor\": [1, 1, 1, 1] }", "'short_factor' is missing")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"longrope\", \"factor\": 2, \"short_factor\": [1], \"long_factor\": [1, 1, 1, 0] }", "'short_factor' has 1 numbers; half of head_dim")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"longrope\", \"factor\": 2, \"short_factor\": [1], \"long_factor\": [1, 1, 1, 0] }", "a list of positive numbers")]
    [InlineData("llama", "\"rope_scaling\": { \"rope_type\": \"longrope\", \"short_factor\": [1, 1, 1, 1], \"long_factor\": [1, 1, 1, 1] }", "longrope needs 'factor'")]
    public void What_would_be_computed_otherwise_is_refused_by_its_key(string family, string keys, string expected) =>
        Assert.Contains(expected, string.Join('\n', Assert.ThrowsAny<ModelFormatException>(() => Load(family, keys)).Problems));

    [Theory]
    [InlineData("""{ "model_type": "gpt2", "vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "attn_pdrop": 0.1, "resid_pdrop": 0.1, "embd_pdrop": 0.0 }""", "attn_pdrop resid_pdrop")]
    [InlineData("""{ "model_type": "qwen2", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "attention_dropout": 0.25 }""", "attention_dropout")]
    [InlineData("""{ "model_type": "gpt2", "vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4 }""", "")]
    public void Dropout_of_the_model_s_own_training_is_left_off_and_said(string text, string expected)
    {
        var notes = LoadText(text).Notes;
        Assert.Equal(expected, string.Join(' ', notes.Select(n => n.Split('\'')[1])));
        Assert.All(notes, n => Assert.Contains("not applied", n));
    }

    private DecoderConfig Load(string family, string keys = "") => LoadText($$"""{ "model_type": "{{family}}", {{Sizes}}{{(keys.Length > 0 ? ", " + keys : "")}} }""");

    private DecoderConfig LoadText(string text) => ModelConfigFile.Load(_folder.Write("config.json", text));
}
