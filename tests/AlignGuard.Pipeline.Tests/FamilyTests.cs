using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Penalties;
using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Export;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>Every family of decoders, as tiny random models made from a config.json: what they must have in common whatever their dump says.</summary>
[Collection(TensorCollection.Name)]
public sealed partial class FamilyTests : IDisposable
{
    private const string Size = "\"vocab_size\": 64, \"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"max_position_embeddings\": 64";
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-family-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, string> Families => new()
    {
        { "llama", $$"""{ "model_type": "llama", {{Size}} }""" },
        { "llama, linear rope", $$"""{ "model_type": "llama", {{Size}}, "rope_scaling": { "type": "linear", "factor": 2 } }""" },
        { "llama, yarn", $$"""{ "model_type": "llama", {{Size}}, "rope_scaling": { "rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 16 } }""" },
        { "mistral, window", $$"""{ "model_type": "mistral", {{Size}}, "sliding_window": 4 }""" },
        { "qwen2", $$"""{ "model_type": "qwen2", {{Size}}, "tie_word_embeddings": true }""" },
        { "qwen2, windows", $$"""{ "model_type": "qwen2", {{Size}}, "use_sliding_window": true, "sliding_window": 4, "max_window_layers": 1 }""" },
        { "qwen3", $$"""{ "model_type": "qwen3", {{Size}}, "head_dim": 8 }""" },
        { "gemma", $$"""{ "model_type": "gemma", {{Size}}, "head_dim": 8, "hidden_act": "gelu" }""" },
        { "gemma2", $$"""{ "model_type": "gemma2", {{Size}}, "head_dim": 8, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 16, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "sliding_window": 4 }""" },
        { "mixtral", $$"""{ "model_type": "mixtral", {{Size}}, "num_local_experts": 4, "num_experts_per_tok": 2 }""" },
        { "gpt2", """{ "model_type": "gpt2", "vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64 }""" },
        { "gpt2, scaled by layer", """{ "model_type": "gpt2", "vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "scale_attn_by_inverse_layer_idx": true }""" },
    };

    /// <summary>Token by token with a cache is all at once without; padding on the left changes nothing.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_cache_and_padding_change_nothing(string name, string config)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = Model(config);
        var ids = tensor(Enumerable.Range(0, 12).Select(t => (long)((t * 7 + 3) % 64)).ToArray()).view(1, 12);
        var whole = model.Logits(ids, ForwardOptions.Plain);
        using var cache = model.NewCache(1, 12);
        var steps = cat([.. Enumerable.Range(0, 12).Select(t => model.Logits(ids.narrow(1, t, 1), new ForwardOptions { Cache = cache }))], 1);
        Close(whole, steps, name);
        var padded = cat([zeros(1, 3, dtype: ScalarType.Int64), ids], 1);
        var mask = cat([zeros(1, 3, dtype: ScalarType.Int64), ones(1, 12, dtype: ScalarType.Int64)], 1);
        Close(whole, model.Logits(padded, new ForwardOptions { AttentionMask = mask, Positions = (mask.cumsum(1) - 1).clamp_min_(0) }).narrow(1, 3, 12), name);
    }

    /// <summary>The gradients that the Gram form gives are those of the weights themselves, experts included; a guarded step lowers the loss.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public async Task Fisher_guard_training_and_merging_work(string name, string config)
    {
        using var scope = NewDisposeScope();
        using var model = Model(config);
        var rows = TinyLlama.Rows(8);
        using (var batch = TokenBatch.Pack(rows, 0, 64, CPU))
        using (var tap = new GramTap(model.Linears))
        {
            ResponseLoss.PerToken(model, batch, new ForwardOptions { Tap = tap }).sum().backward();
            // Of each example by itself: D_nᵀ X_n, though one pass over all of them made D and X.
            var gram = tap.Captured().Where(c => c.Site.Name != "lm_head").ToDictionary(c => c.Site, c => c.OutputGradient.transpose(1, 2).matmul(c.Input));
            foreach (var site in model.Linears) site.Weight.requires_grad_(true);
            for (var n = 0; n < rows.Count; n++)
            {
                using var single = NewDisposeScope();
                using var alone = TokenBatch.Pack([rows[n]], 0, 64, CPU);
                ResponseLoss.PerToken(model, alone, ForwardOptions.Plain).sum().backward();
                using var no = no_grad();
                foreach (var site in model.Linears)
                {
                    // An expert that none of the row's tokens reached has no gradient.
                    if (gram.TryGetValue(site, out var all)) Close(site.Weight.grad ?? zeros_like(site.Weight), all[n], $"{name}: {site.Name}, example {n}");
                    site.Weight.grad = null;
                }
            }
            foreach (var site in model.Linears) site.Weight.requires_grad_(false);
            Assert.InRange(gram.Count, model.Linears.Count / 2, model.Linears.Count);
        }
        using var bases = new TinyBases(model, rows);
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var guard = new Guard(adapter, bases.ByLayer, new PenaltyOptions { LambdaA = 0.1, LambdaT = 0.001, LambdaNC = 0.001 }, 1);
        using var trainer = new LoraTrainer(model, adapter, rows, new TrainerOptions { Schedule = new LearningSchedule(1e-2, 0, 30, LearningShape.Constant), MaxLength = 64, Seed = 3 });
        var losses = Enumerable.Range(0, 30).Select(step => trainer.Step(step, guard)).ToList();
        Assert.All(losses, l => Assert.False(l.Skipped));
        Assert.True(losses[^1].Loss < losses[0].Loss, $"{name}: {losses[0].Loss} -> {losses[^1].Loss}");

        PeftAdapter.Save(adapter, Path.Combine(_folder, "adapter"), "base");
        using var loaded = PeftAdapter.Load(model, Path.Combine(_folder, "adapter"));
        int[][] prompts = [[1, 2, 3], [4, 5, 6, 7, 8]];
        var options = new GenerationOptions { MaxNewTokens = 6 };
        Assert.Equal(TextGenerator.Generate(model, prompts, options with { Adapter = adapter }), TextGenerator.Generate(model, prompts, options with { Adapter = loaded }));

        var source = await AdapterSource.OpenAsync(Path.Combine(_folder, "adapter"), () => throw new InvalidOperationException("a folder needs no store"));
        Assert.InRange(MergedModel.Write(source, _folder, Path.Combine(_folder, "merged")).Rounding, 0, 1e-4);
    }

    /// <summary>What is written is the same model to whoever reads it: names, layouts, configuration; in shards too.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_model_is_saved_as_it_was_loaded(string name, string config)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = Model(config);
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), "{}");
        var ids = arange(12).view(1, 12);
        foreach (var (shard, files) in new[] { (CheckpointWriter.ShardBytes, 1), (6_000L, 2) })
        {
            var target = Path.Combine(_folder, $"saved-{shard}");
            CheckpointWriter.SaveLike(model, _folder, target, shardBytes: shard);
            using var loaded = LanguageCheckpoint.Load(target);
            Assert.Equal(0, (model.Logits(ids, ForwardOptions.Plain) - loaded.Logits(ids, ForwardOptions.Plain)).abs().max().item<float>());
            Assert.Equal(File.ReadAllText(Path.Combine(_folder, "config.json")), File.ReadAllText(Path.Combine(target, "config.json")));
            Assert.True(File.Exists(Path.Combine(target, "tokenizer.json")));
            Assert.InRange(Directory.GetFiles(target, "*.safetensors").Length, files, 100);
            using var before = Checkpoint.Open(_folder);
            using var after = Checkpoint.Open(target);
            Assert.Equal(before.Names, after.Names);
            Assert.All(before.Names, n => Assert.Equal(before.Info(n).Shape.AsEnumerable(), after.Info(n).Shape.AsEnumerable()));
        }
        CheckpointWriter.SaveLike(model, _folder, Path.Combine(_folder, "half"), ScalarType.BFloat16);
        using var half = LanguageCheckpoint.Load(Path.Combine(_folder, "half"));
        Assert.All(model.Weights, w => Assert.True((w.Value - half.Weights[w.Key]).abs().max().item<float>() <= 0.004 * w.Value.abs().max().item<float>(), $"{name}: {w.Key}"));
        Assert.Contains("bfloat16", File.ReadAllText(Path.Combine(_folder, "half", "config.json")));
        Assert.Throws<UserFaultException>(() => CheckpointWriter.SaveLike(model, _folder, _folder));
    }

    [Theory]
    [InlineData("""{ "model_type": "bert" }""", "model_type is 'bert'")]
    [InlineData("""{ "model_type": "llama", "hidden_size": 32, "hidden_act": "mish" }""", "hidden_act")]
    [InlineData("""{ "model_type": "llama", "rope_scaling": { "rope_type": "su" } }""", "rope type 'su' is not computed here")]
    [InlineData("""{ "model_type": "gpt2", "n_embd": 30, "n_head": 4, "add_cross_attention": true }""", "add_cross_attention")]
    [InlineData("""{ "model_type": "gemma2", "layer_types": ["chunked_attention"] }""", "layer_types")]
    public void What_is_not_computed_is_refused_by_its_key(string config, string expected)
    {
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, config);
        Assert.Contains(expected, string.Join('\n', Assert.ThrowsAny<ModelFormatException>(() => ModelConfigFile.Load(path)).Problems));
    }

    /// <summary>Longrope whose divisors are all alike is interpolation by that number, in texts on either side of the original length, cached or not.</summary>
    [Theory]
    [InlineData(8, 1.0)]
    [InlineData(9, 4.0)]
    public void Longrope_turns_by_the_length_of_the_text(int length, double divisor)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var at = Size.Contains("\"hidden_size\": 32") ? 4 : throw new InvalidOperationException("head_dim is 8");
        string Ones(double of) => "[" + string.Join(", ", Enumerable.Repeat(of.ToString(System.Globalization.CultureInfo.InvariantCulture), at)) + "]";
        var ids = tensor(Enumerable.Range(0, length).Select(n => (long)(n * 7 % 60)).ToArray()).view(1, length);
        using var linear = Model(FormattableString.Invariant($$"""{ "model_type": "llama", {{Size}}, "rope_scaling": { "rope_type": "linear", "factor": {{divisor}} } }"""));
        var expected = linear.Logits(ids, ForwardOptions.Plain);
        using var model = Model($$"""{ "model_type": "llama", {{Size}}, "rope_scaling": { "rope_type": "longrope", "original_max_position_embeddings": 8, "factor": 2, "attention_factor": 1, "short_factor": {{Ones(1)}}, "long_factor": {{Ones(4)}} } }""");
        Close(expected, model.Logits(ids, ForwardOptions.Plain), "whole");
        Close(expected, model.Logits(ids, new ForwardOptions { AttentionMask = ones(1, length, dtype: ScalarType.Int64), Positions = arange(length).view(1, length) }), "by positions");
    }

    [Fact]
    public void A_window_hides_what_lies_behind_it()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = Model($$"""{ "model_type": "mistral", {{Size.Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")}}, "sliding_window": 4 }""");
        var one = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }).view(1, 8);
        var other = tensor(new long[] { 9, 2, 3, 4, 5, 6, 7, 8 }).view(1, 8);
        var (a, b) = (model.Logits(one, ForwardOptions.Plain), model.Logits(other, ForwardOptions.Plain));
        Close(a.narrow(1, 4, 4), b.narrow(1, 4, 4), "beyond the window");
        Assert.True((a.narrow(1, 3, 1) - b.narrow(1, 3, 1)).abs().max().item<float>() > 1e-4);
    }

    /// <summary>By way of a folder, so that names, shapes and transposition are read as they lie.</summary>
    private DecoderModel Model(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), text);
        var config = ModelConfigFile.Load(Path.Combine(_folder, "config.json"));
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        SafetensorsFile.Save(Path.Combine(_folder, "model.safetensors"), DecoderShapes.Of(config).Select(t =>
        {
            var value = t.Shape.Length == 1 ? (t.Name.EndsWith("bias") || config.Norm == NormKind.RmsPlusOne ? zeros(t.Shape) : ones(t.Shape)) : randn(t.Shape, generator: generator) * 0.2;
            return KeyValuePair.Create(t.Name, DecoderShapes.IsTransposed(config, t.Name, t.Shape) ? value.t().contiguous() : value);
        }));
        return DecoderCheckpoint.Load(_folder);
    }

    private static void Close(Tensor expected, Tensor actual, string name) => Assert.True((expected - actual).abs().max().item<float>() < 1e-4, $"{name}: {(expected - actual).abs().max().item<float>()}");
}
