using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>data.packing and data.groupByLength from the job file to the steps of a guarded run.</summary>
public sealed class PackingRunTests : IDisposable
{
    private const string Size = "\"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"max_position_embeddings\": 256";
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-packing-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Packing rounds differently, which says that it was on, and learns the same; grouping brings other rows together.</summary>
    [Fact]
    public async Task A_packed_run_is_the_padded_run_and_a_grouped_one_sees_other_rows()
    {
        TinyFamily.Make(Path.Combine(_folder, "model"), $$"""{ "model_type": "mistral", {{Size}}, "sliding_window": 16 }""");
        var (padded, packed, grouped) = (await StepsAsync("padded"), await StepsAsync("packed", "data.packing=true"), await StepsAsync("grouped", "data.groupByLength=true"));
        foreach (var (one, other) in padded.Zip(packed))
        {
            Assert.Equal(one.Loss, other.Loss, 1e-4);
            Assert.Equal(one.Alignment, other.Alignment, 1e-4);
        }
        Assert.NotEqual(padded, packed);
        Assert.Contains(padded.Zip(grouped), pair => Math.Abs(pair.First.Loss - pair.Second.Loss) > 1e-3);
    }

    [Fact]
    public async Task An_encoder_decoder_refuses_to_pack_and_says_what_helps()
    {
        TinyFamily.Make(Path.Combine(_folder, "model"), """{ "model_type": "t5", "d_model": 32, "d_ff": 48, "num_layers": 2, "num_heads": 4, "d_kv": 8 }""");
        var ended = await RunAsync("t5", "data.packing=true");
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("data.packing is for decoder-only models", ended.Error);
        Assert.Contains("data.groupByLength saves padding there too", ended.Error);
        Assert.True((await RunAsync("t5-grouped", "data.groupByLength=true")).ExitCode is 0 or 3);
    }

    private async Task<List<(double Loss, double Alignment)>> StepsAsync(string store, params string[] overrides)
    {
        var ended = await RunAsync(store, overrides);
        Assert.True(ended.ExitCode is 0 or 3, ended.Error);
        return [.. JsonDocument.Parse(ended.Output).RootElement.GetProperty("steps").EnumerateArray().Select(s => (s.GetProperty("loss").GetDouble(), s.GetProperty("alignment").GetDouble()))];
    }

    private Task<Ended> RunAsync(string store, params string[] overrides)
    {
        var (train, eval, job) = (Path.Combine(_folder, "train.jsonl"), Path.Combine(_folder, "eval.jsonl"), Path.Combine(_folder, "job.yaml"));
        File.WriteAllLines(train, Rows(0, 16));
        File.WriteAllLines(eval, Rows(20, 8));
        File.WriteAllText(job, $$"""
            name: packing
            model: {{Path.Combine(_folder, "model")}}
            data: { train: {{train}}, eval: {{eval}} }
            lora: { r: 2, alpha: 4 }
            train: { steps: 4, segment: 4, batch: 4, lr: 1e-3, seqLen: 64, threads: 1 }
            guard: { rank: { min: 2, max: 8 }, refreshEvery: 2 }
            fisher: { samples: 12, minRefusals: 8 }
            driftcheck: { size: 12, final: 24, maxNewTokens: 24, every: final }
            """);
        return AlignGuardProcess.RunAsync([.. new[] { "run", job, "--store", Path.Combine(_folder, store), "--json" }, .. overrides.SelectMany(o => new[] { "--set", o })]);
    }

    /// <summary>Of very different lengths.</summary>
    private static IEnumerable<string> Rows(int first, int count) =>
        Enumerable.Range(first, count).Select(n => $$"""{"prompt": "bake {{n}}", "completion": "{{string.Join(' ', Enumerable.Repeat($"bread {n % 4}", 1 + n * 5 % 7))}}"}""");
}
