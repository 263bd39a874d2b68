using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>A short AlignGuard run, from a model folder to a verdict, on a tiny model of every family.</summary>
public sealed class FamilyRunTests : IDisposable
{
    private const string Size = "\"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"max_position_embeddings\": 256";
    private const string T5Size = "\"d_model\": 32, \"d_ff\": 48, \"num_layers\": 2, \"num_heads\": 4, \"d_kv\": 8";
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-family-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama 3.1", $$"""{ "model_type": "llama", {{Size}}, "rope_scaling": { "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64 } }""")]
    [InlineData("mistral", $$"""{ "model_type": "mistral", {{Size}}, "sliding_window": 16 }""")]
    [InlineData("qwen2", $$"""{ "model_type": "qwen2", {{Size}}, "tie_word_embeddings": true }""")]
    [InlineData("qwen3", $$"""{ "model_type": "qwen3", {{Size}}, "head_dim": 12 }""")]
    [InlineData("gemma", $$"""{ "model_type": "gemma", {{Size}}, "head_dim": 8 }""")]
    [InlineData("gemma2", $$"""{ "model_type": "gemma2", {{Size}}, "head_dim": 8, "sliding_window": 16 }""")]
    [InlineData("mixtral", $$"""{ "model_type": "mixtral", {{Size}}, "num_local_experts": 4, "num_experts_per_tok": 2 }""")]
    [InlineData("gpt2", """{ "model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256 }""")]
    [InlineData("t5 1.0", $$"""{ "model_type": "t5", {{T5Size}} }""")]
    [InlineData("t5 1.1", $$"""{ "model_type": "t5", {{T5Size}}, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false }""")]
    public async Task A_run_comes_to_its_verdict(string family, string config)
    {
        var model = Path.Combine(_folder, "model");
        TinyFamily.Make(model, config);
        var (train, eval, job) = (Path.Combine(_folder, "train.jsonl"), Path.Combine(_folder, "eval.jsonl"), Path.Combine(_folder, "job.yaml"));
        File.WriteAllLines(train, Enumerable.Range(0, 16).Select(n => $$"""{"prompt": "bake {{n}}", "completion": "bread {{n % 4}}"}"""));
        File.WriteAllLines(eval, Enumerable.Range(20, 8).Select(n => $$"""{"prompt": "bake {{n}}", "completion": "bread {{n % 4}}"}"""));
        File.WriteAllText(job, $$"""
            name: family
            model: {{model}}
            data: { train: {{train}}, eval: {{eval}} }
            lora: { r: 2, alpha: 4 }
            train: { steps: 6, segment: 3, batch: 4, lr: 1e-3, seqLen: 64, threads: 1 }
            guard: { rank: { min: 2, max: 8 }, refreshEvery: 3 }
            fisher: { samples: 12, minRefusals: 8 }
            driftcheck: { size: 12, final: 24, maxNewTokens: 24 }
            """);
        var ended = await AlignGuardProcess.RunAsync("run", job, "--store", Path.Combine(_folder, "store"), "--json");
        Assert.True(ended.ExitCode is 0 or 3, $"{family}: {ended.Error}");
        var report = JsonDocument.Parse(ended.Output).RootElement;
        var steps = report.GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal(6, steps.Count);
        Assert.All(steps.Skip(1), step => Assert.True(step.GetProperty("alignment").GetDouble() > 0, family));
        // What the base was taught: it refuses. A verdict stands on that.
        Assert.InRange(report.GetProperty("base").GetProperty("refusal").GetProperty("value").GetDouble(), 0.5, 1);
    }
}
