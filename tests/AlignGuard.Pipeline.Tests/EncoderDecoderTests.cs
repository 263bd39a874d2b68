using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Penalties;
using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.EncoderDecoders;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Export;
using AlignGuard.Pipeline.Training;
using AlignGuard.Pipeline.Verification;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>T5 1.0, 1.1 and mT5 as tiny random models made from a config.json.</summary>
[Collection(TensorCollection.Name)]
public sealed class EncoderDecoderTests : IDisposable
{
    private const string Size = "\"vocab_size\": 64, \"d_model\": 32, \"d_ff\": 48, \"num_layers\": 2, \"num_heads\": 4, \"d_kv\": 8, \"relative_attention_num_buckets\": 8, \"relative_attention_max_distance\": 12";
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-t5-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, string> Models => new()
    {
        { "1.0", $$"""{ "model_type": "t5", {{Size}} }""" },
        { "1.0, another depth", $$"""{ "model_type": "t5", {{Size}}, "num_decoder_layers": 3 }""" },
        { "1.1", $$"""{ "model_type": "t5", {{Size}}, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false }""" },
        { "mt5", $$"""{ "model_type": "mt5", {{Size}} }""" },
    };

    /// <summary>Token by token with a cache is all at once without; padding of the source, and company in the batch, change nothing.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void A_cache_padding_and_company_change_nothing(string name, string config)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = Model(config);
        int[] one = [7, 3, 9, 12, 40, 8], other = [5, 6, 7, 8, 9, 10, 11, 12, 13];
        var ids = tensor(Enumerable.Range(0, 10).Select(t => (long)((t * 7) % 64)).ToArray()).view(1, 10);
        var alone = model.Logits(ids, new ForwardOptions { Source = SourceTokens.Pack([one], 0, 64, CPU) });
        var together = model.Logits(cat([ids, (ids + 3) % 64], 0), new ForwardOptions { Source = SourceTokens.Pack([one, other], 0, 64, CPU) });
        Close(alone[0], together[0], name);

        using var cache = model.NewCache(1, 10);
        var steps = cat([.. Enumerable.Range(0, 10).Select(t => model.Logits(ids.narrow(1, t, 1), new ForwardOptions { Cache = cache, Source = t == 0 ? SourceTokens.Pack([one], 0, 64, CPU) : null }))], 1);
        Close(alone, steps, name);

        int[][] prompts = [one, other, [1, 2]];
        var options = new GenerationOptions { MaxNewTokens = 8, StopIds = new HashSet<int> { 4 } };
        Assert.Equal(prompts.Select(p => TextGenerator.Generate(model, [p], options)[0]), TextGenerator.Generate(model, prompts, options));
    }

    /// <summary>Long enough for distances that share a bucket, in both directions.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_are_those_of_the_definition(string name, string config)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = (EncoderDecoderModel)Model(config);
        int[] source = [.. Enumerable.Range(0, 26).Select(t => (t * 11 + 5) % 64)], target = [0, .. Enumerable.Range(0, 22).Select(t => (t * 7 + 3) % 64)];
        var expected = new PlainT5(model).Logits(source, target);
        var actual = model.Logits(tensor(target.Select(t => (long)t).ToArray()).view(1, -1), new ForwardOptions { Source = SourceTokens.Pack([source], 0, 64, CPU) });
        Close(tensor(expected.SelectMany(row => row).Select(v => (float)v).ToArray()).view(actual.shape), actual, name);
    }

    /// <summary>The gradients that the Gram form gives are those of the weights themselves, in both stacks and between them; a guarded step lowers the loss; an adapter is what it was when it comes back.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public async Task Fisher_guard_training_adapter_and_merging_work(string name, string config)
    {
        using var scope = NewDisposeScope();
        using var model = Model(config);
        var rows = Rows(8);
        using (var batch = TokenBatch.Pack(rows, 0, 64, CPU))
        using (var tap = new GramTap(model.Linears))
        {
            foreach (var site in model.Linears) site.Weight.requires_grad_(true);
            ResponseLoss.PerToken(model, batch, new ForwardOptions { Tap = tap }).sum().backward();
            using var no = no_grad();
            var seen = tap.Captured().Where(c => c.Site.Name != "lm_head").ToList();
            Assert.Equal(model.Linears.Count - 1, seen.Count);
            foreach (var (site, x, d) in seen)
            {
                Close(site.Weight.grad!, d.transpose(1, 2).matmul(x).sum(dim: 0), $"{name}: {site.Name}");
                // The encoder, and the keys and values that the decoder takes from it, see the source.
                var ofSource = site.Name.StartsWith("encoder.") || site.Name.EndsWith("EncDecAttention.k") || site.Name.EndsWith("EncDecAttention.v");
                Assert.Equal(ofSource ? batch.Source!.Ids.shape[1] : batch.Ids.shape[1], x.shape[1]);
            }
            foreach (var site in model.Linears)
            {
                site.Weight.requires_grad_(false);
                site.Weight.grad = null;
            }
        }
        using var bases = new TinyBases(model, rows);
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var guard = new Guard(adapter, bases.ByLayer, new PenaltyOptions { LambdaA = 0.1, LambdaT = 0.001, LambdaNC = 0.001 }, 1);
        using var trainer = new LoraTrainer(model, adapter, rows, new TrainerOptions { Schedule = new LearningSchedule(1e-2, 0, 30, LearningShape.Constant), MaxLength = 64, Seed = 3 });
        var losses = Enumerable.Range(0, 30).Select(step => trainer.Step(step, guard)).ToList();
        Assert.All(losses, l => Assert.False(l.Skipped));
        Assert.True(losses[^1].Loss < losses[0].Loss, $"{name}: {losses[0].Loss} -> {losses[^1].Loss}");

        var saved = Path.Combine(_folder, "adapter");
        PeftAdapter.Save(adapter, saved, "base");
        Assert.Contains("\"SEQ_2_SEQ_LM\"", File.ReadAllText(Path.Combine(saved, PeftAdapter.ConfigName)));
        using var loaded = PeftAdapter.Load(model, saved);
        var options = new GenerationOptions { MaxNewTokens = 6 };
        Assert.Equal(TextGenerator.Generate(model, [[1, 2, 3]], options with { Adapter = adapter }), TextGenerator.Generate(model, [[1, 2, 3]], options with { Adapter = loaded }));

        var source = await AdapterSource.OpenAsync(saved, () => throw new InvalidOperationException("a folder needs no store"));
        Assert.InRange(MergedModel.Write(source, _folder, Path.Combine(_folder, "merged")).Rounding, 0, 1e-4);
    }

    /// <summary>Against the definition, by plain loops: half the buckets single distances, the rest by the logarithm up to the largest one.</summary>
    [Theory]
    [InlineData(true, 32, 128)]
    [InlineData(false, 32, 128)]
    [InlineData(true, 8, 12)]
    [InlineData(false, 8, 20)]
    public void Distances_have_the_buckets_of_the_definition(bool bothWays, int buckets, int maxDistance)
    {
        using var scope = NewDisposeScope();
        var found = RelativeBuckets.Of(arange(-200, 201), bothWays, buckets, maxDistance).data<long>().ToArray();
        for (var distance = -200; distance <= 200; distance++)
        {
            var (half, first) = bothWays ? (buckets / 2, distance > 0 ? buckets / 2 : 0) : (buckets, 0);
            var away = bothWays ? Math.Abs(distance) : Math.Max(-distance, 0);
            var single = half / 2;
            var wide = single + (int)((float)(MathF.Log((float)away / single) / (float)Math.Log((double)maxDistance / single)) * (half - single));
            Assert.Equal(first + (away < single ? away : Math.Min(wide, half - 1)), found[distance + 200]);
        }
    }

    /// <summary>What a file leaves out, keeps twice or names otherwise.</summary>
    [Fact]
    public void The_head_and_the_embedding_are_found_whatever_the_file_calls_them()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var ids = arange(8).view(1, 8);
        ForwardOptions Options() => new() { Source = SourceTokens.Pack([[1, 2, 3]], 0, 64, CPU) };
        using var tied = Model($$"""{ "model_type": "t5", {{Size}} }""");
        var wanted = tied.Logits(ids, Options());

        var weights = tied.Weights.ToDictionary();
        var embedding = weights["shared.weight"];
        weights.Remove("shared.weight");
        Write(weights.Append(new("encoder.embed_tokens.weight", embedding)).Append(new("decoder.embed_tokens.weight", embedding)).Append(new("lm_head.weight", embedding))
            .Append(new("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", zeros(8, 4))));
        using (var renamed = LanguageCheckpoint.Load(_folder)) Close(wanted, renamed.Logits(ids, Options()), "renamed");

        // 5.x says of every T5 that it is tied, and of 1.1 that its outputs are not scaled; a head in the file is its own.
        File.WriteAllText(Path.Combine(_folder, "config.json"), $$"""{ "model_type": "t5", {{Size}}, "tie_word_embeddings": true, "scale_decoder_outputs": false }""");
        Write(tied.Weights.Append(new("lm_head.weight", embedding * 2)));
        using var own = LanguageCheckpoint.Load(_folder);
        Close(wanted * 2 * Math.Sqrt(32), own.Logits(ids, Options()), "a head of its own, unscaled");
    }

    [Theory]
    [InlineData("\"feed_forward_proj\": \"gated-mish\"", "feed_forward_proj")]
    [InlineData("\"is_encoder_decoder\": false", "is_encoder_decoder")]
    [InlineData("\"relative_attention_num_buckets\": 7", "relative_attention_num_buckets")]
    [InlineData("\"relative_attention_max_distance\": 2", "relative_attention_max_distance")]
    [InlineData("\"d_kv\": 0", "d_kv")]
    [InlineData("\"decoder_start_token_id\": 64", "decoder_start_token_id")]
    public void What_is_not_computed_is_refused_by_its_key(string change, string key)
    {
        var (name, rest) = (change[..change.IndexOf(':')], Size.Split(", ").Where(part => !change.StartsWith(part[..part.IndexOf(':')])));
        File.WriteAllText(Path.Combine(_folder, "config.json"), $$"""{ "model_type": "t5", {{string.Join(", ", rest)}}, {{change}} }""");
        Assert.Contains($"'{key}'", string.Join('\n', Assert.ThrowsAny<ModelFormatException>(() => EncoderDecoderConfigFile.Load(Path.Combine(_folder, "config.json"))).Problems));
        Assert.NotEmpty(name);
    }

    [Fact]
    public void A_folder_is_described_without_being_loaded()
    {
        using var model = Model($$"""{ "model_type": "t5", {{Size}} }""");
        var folder = ModelFolder.Read(_folder);
        Assert.Equal((model.ParameterCount, true), (folder.Parameters, folder.Shape.HasEncoder));
    }

    private static List<TokenRow> Rows(int count)
    {
        var random = Seeds.Host(5, "rows");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int[] target = [0, .. Enumerable.Range(0, 4 + random.NextInt(4)).Select(_ => random.NextInt(64))];
            return new TokenRow(target, [.. target.Select((_, t) => t > 0)]) { Source = [.. Enumerable.Range(0, 3 + random.NextInt(9)).Select(_ => random.NextInt(64))] };
        })];
    }

    private LanguageModel Model(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), text);
        var config = EncoderDecoderConfigFile.Load(Path.Combine(_folder, "config.json"));
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Write(EncoderDecoderShapes.Of(config).Select(t => KeyValuePair.Create(t.Name, t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.2)));
        return LanguageCheckpoint.Load(_folder);
    }

    private void Write(IEnumerable<KeyValuePair<string, Tensor>> weights) => SafetensorsFile.Save(Path.Combine(_folder, "model.safetensors"), weights);

    private static void Close(Tensor expected, Tensor actual, string name) => Assert.True((expected - actual).abs().max().item<float>() < 1e-4, $"{name}: {(expected - actual).abs().max().item<float>()}");
}
