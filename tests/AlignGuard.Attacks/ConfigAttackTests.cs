using System.Text;
using System.Text.Json.Nodes;
using AlignGuard.Models;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Verification;
using Xunit;

namespace AlignGuard.Attacks;

/// <summary>
/// Each lie that a config.json can tell is refused by its key, before anything of the size that it claims is made: what would be computed otherwise than the file's author meant is never computed silently.
/// </summary>
public class ConfigAttackTests
{
    private const string Llama = """{ "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "eos_token_id": [2, 3], "hidden_act": "silu", "rope_theta": 500.0, "rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16 } }""";
    private const string Mixtral = """{ "model_type": "mixtral", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": null }""";
    private const string Gemma2 = """{ "model_type": "gemma2", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"] }""";
    private const string Gpt2 = """{ "model_type": "gpt2", "vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": 1, "eos_token_id": 2 }""";
    private const string T5 = """{ "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "feed_forward_proj": "gated-gelu", "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, "is_encoder_decoder": true }""";

    /// <summary>Text, a key of it, what it is made to say, and what the refusal says beside the key.</summary>
    public static TheoryData<string, string, string, string> Lies() => new()
    {
        // Counts without end.
        { Llama, "num_hidden_layers", "2147483647", "checkpoint may have" },
        { Llama, "num_hidden_layers", "0", "must be positive" },
        { Llama, "vocab_size", "2147483647", "no model is larger" },
        { Llama, "hidden_size", "2147483647", "no model is larger" },
        { Llama, "intermediate_size", "2147483647", "no model is larger" },
        { Llama, "num_attention_heads", "2147483646", "no model is larger" },
        { Llama, "head_dim", "2147483646", "times head_dim" },
        { Llama, "vocab_size", "9223372036854775807", "a whole number is expected" },
        { Mixtral, "num_local_experts", "2147483647", "no model is larger" },
        { Mixtral, "num_local_experts", "4000000", "checkpoint may have" },
        { Mixtral, "num_experts_per_tok", "5", "between 1 and num_local_experts" },
        { Gpt2, "n_layer", "2147483647", "checkpoint may have" },
        { Gpt2, "n_inner", "-1", "must be positive" },
        { Gpt2, "n_positions", "2147483647", "no model is larger" },
        { T5, "num_layers", "2147483647", "checkpoint may have" },
        { T5, "num_decoder_layers", "2147483647", "no model is larger" },
        { T5, "d_kv", "2147483647", "no model is larger" },
        { T5, "relative_attention_num_buckets", "2147483646", "no model is larger" },
        // The wrong kind, which left alone would be a default: another model.
        { Llama, "rope_scaling", "\"llama3\"", "an object with rope_type is expected" },
        { Llama, "rope_scaling", "[8]", "an object with rope_type is expected" },
        { Llama, "rope_parameters", "8", "an object with rope_type is expected" },
        { Llama, "hidden_act", "7", "a text is expected" },
        { Llama, "hidden_act", "[\"gelu\"]", "a text is expected" },
        { Llama, "num_key_value_heads", "[2]", "a whole number is expected" },
        { Llama, "num_key_value_heads", "\"2\"", "a whole number is expected" },
        { Llama, "rms_norm_eps", "\"1e-5\"", "a number is expected" },
        { Llama, "rope_theta", "\"500\"", "a number is expected" },
        { Llama, "tie_word_embeddings", "\"no\"", "true or false is expected" },
        { Llama, "architectures", "7", "a list of texts is expected" },
        { Gemma2, "layer_types", "[1, 2]", "a list of texts is expected" },
        { T5, "feed_forward_proj", "7", "a text is expected" },
        // Numbers that nothing can be computed with.
        { Llama, "rms_norm_eps", "0", "must be positive" },
        { Llama, "rms_norm_eps", "-1", "must be positive" },
        { Llama, "rms_norm_eps", "1e999", "a number is expected" },
        { Llama, "rope_theta", "-500", "must be positive" },
        { Llama, "rope_scaling", """{ "rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 16 }""", "must lie below high_freq_factor" },
        { Llama, "rope_scaling", """{ "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 1e300 }""", "a number of tokens is expected" },
        { Llama, "rope_scaling", """{ "rope_type": "yarn", "factor": 8, "attention_factor": -1 }""", "must be positive" },
        { Llama, "rope_scaling", """{ "rope_type": 3 }""", "a text is expected" },
        { Gemma2, "query_pre_attn_scalar", "0", "must be positive" },
        { Gemma2, "attn_logit_softcapping", "-50", "must be positive" },
        { Gemma2, "final_logit_softcapping", "0", "must be positive" },
        { Gemma2, "sliding_window", "0", "must be positive, or null" },
        { Mixtral, "sliding_window", "-8", "must be positive, or null" },
        { T5, "layer_norm_epsilon", "0", "must be positive" },
        { T5, "pad_token_id", "-5", "within the vocabulary" },
        { T5, "eos_token_id", "64", "within the vocabulary" },
        { T5, "decoder_start_token_id", "64", "within the vocabulary" },
        // Other models than those that write text, and weights that are no numbers.
        { Llama, "architectures", "[\"LlamaForSequenceClassification\"]", "only models that write text" },
        { T5, "architectures", "[\"T5EncoderModel\"]", "only models that write text" },
        { Llama, "quantization_config", "{ \"bits\": 4 }", "quantised weights" },
        { T5, "quantization_config", "{ \"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true }", "quantised weights" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_lie_is_refused_by_its_key(string valid, string key, string value, string expected)
    {
        using var file = new AttackFile();
        var config = JsonNode.Parse(valid)!.AsObject();
        File.WriteAllText(Path.Combine(file.Folder, "config.json"), config.ToJsonString());
        ModelFolder.Read(file.Folder);
        // A number that no JsonNode holds (1e999) is written as it stands.
        config[key] = "\0";
        File.WriteAllText(Path.Combine(file.Folder, "config.json"), config.ToJsonString().Replace("\"\\u0000\"", value, StringComparison.Ordinal));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var problems = Assert.ThrowsAny<ModelFormatException>(() => ModelFolder.Read(file.Folder)).Problems;
        Assert.Contains(problems, p => p.Contains(key, StringComparison.Ordinal) && p.Contains(expected, StringComparison.Ordinal) && p.Contains(file.Folder, StringComparison.Ordinal));
        Assert.Equal(problems.Distinct(), problems);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000, "memory of the size that the lie claims");
    }

    /// <summary>What files in use say and no model needs: it is left out, with a word.</summary>
    [Theory]
    [InlineData("pad_token_id", "-1")]
    [InlineData("eos_token_id", "[2, 99999]")]
    [InlineData("bos_token_id", "64")]
    public void A_token_that_the_vocabulary_has_not_is_left_out_and_said(string key, string value)
    {
        using var file = new AttackFile();
        File.WriteAllText(Path.Combine(file.Folder, "config.json"), Llama.Replace("\"eos_token_id\": [2, 3], ", "", StringComparison.Ordinal)[..^1] + $", \"{key}\": {value} }}");
        Assert.Contains($"'{key}' is ", Assert.Single(ModelFolder.Read(file.Folder).Notes));
    }

    /// <summary>A table of every position that a file promises would take all memory there is.</summary>
    [Fact]
    public void Positions_are_made_as_texts_need_them()
    {
        using var file = new AttackFile();
        var config = JsonNode.Parse(Llama)!.AsObject();
        config["max_position_embeddings"] = int.MaxValue;
        config["rope_scaling"] = null;
        File.WriteAllText(Path.Combine(file.Folder, "config.json"), config.ToJsonString());
        using var scope = TorchSharp.torch.NewDisposeScope();
        SafetensorsFile.Save(file.Path, AlignGuard.Models.Decoders.DecoderShapes.Of(AlignGuard.Models.Decoders.ModelConfigFile.Load(Path.Combine(file.Folder, "config.json")))
            .Select(t => KeyValuePair.Create(t.Name, TorchSharp.torch.zeros(t.Shape))));
        // Weights in another form, as some repositories have beside the usual ones, are not counted.
        File.Copy(file.Path, Path.Combine(file.Folder, "consolidated.safetensors"));
        Assert.Equal(ModelFolder.Read(file.Folder).Parameters, ModelFolder.Read(file.Folder).StoredParameters);
        using var model = LanguageCheckpoint.Load(file.Folder);
        Assert.Equal(int.MaxValue, model.MaxPositions);
        // Longer than the first table.
        Assert.Equal(3000, model.Logits(TorchSharp.torch.zeros(1, 3000, dtype: TorchSharp.torch.ScalarType.Int64), ForwardOptions.Plain).shape[1]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{ \"model_type\": \"llama\"")]
    [InlineData("{ \"model_type\": \"llama\", \"model_type\": \"gpt2\" }")]
    [InlineData("{ \"model_type\": \"\\ud800\" }")]
    public void What_is_no_configuration_is_refused_with_its_name(string text)
    {
        using var file = new AttackFile();
        var path = Path.Combine(file.Folder, "config.json");
        Assert.Contains("config.json", Assert.ThrowsAny<ModelFormatException>(() => ModelFolder.Read(file.Folder)).Message);
        File.WriteAllText(path, text);
        Assert.StartsWith(path, Assert.ThrowsAny<ModelFormatException>(() => ModelFolder.Read(file.Folder)).Message);
        File.Delete(path);
        Directory.CreateDirectory(path);
        Assert.Contains("is a folder", Assert.ThrowsAny<ModelFormatException>(() => ModelFolder.Read(file.Folder)).Message);
    }

    public static TheoryData<string> Valid => new(Llama, Mixtral, Gemma2, Gpt2, T5);

    /// <summary>The seed is kept: a fault that was found comes back.</summary>
    [Theory]
    [MemberData(nameof(Valid))]
    public void A_damaged_configuration_is_read_or_refused(string text)
    {
        var random = new Random(11);
        using var file = new AttackFile();
        var path = Path.Combine(file.Folder, "config.json");
        var valid = Encoding.UTF8.GetBytes(text);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 1500; round++)
        {
            File.WriteAllBytes(path, Mutation.Of(valid, valid.Length, random));
            try
            {
                Assert.True(ModelFolder.Read(file.Folder).Parameters > 0);
                read++;
            }
            catch (UserFaultException e)
            {
                Assert.All(e.Problems, p => Assert.Contains(file.Folder, p));
                refused++;
            }
        }
        Assert.True(read > 20 && refused > 200, $"{read} read, {refused} refused: the mutations miss their aim");
    }
}
