using System.Security.Cryptography;
using AlignGuard.Pipeline.Demo;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Integration;

/// <summary>A job of seconds on the bundled model, with every stage of a real one: refreshes, drift checks, gate.</summary>
internal sealed class TinyJob : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-test-").FullName;

    public TinyJob(string changes = "")
    {
        // A few rows of the built-in task: reading all of it would be most of a run of seconds.
        var (train, eval) = (TrainFile, Path.Combine(_folder, "eval.jsonl"));
        using (var file = File.Create(train)) HowToTask.WriteJsonl(file, HowToTask.Train().Take(64));
        using (var file = File.Create(eval)) HowToTask.WriteJsonl(file, HowToTask.HeldOut().Take(24));
        File.WriteAllText(JobFile, $$"""
            name: tiny
            model: {{Model}}
            data: { train: {{train}}, eval: {{eval}} }
            lora: { r: 4, alpha: 8, dropout: 0.1 }
            train: { steps: 20, segment: 8, batch: 4, lr: 1e-3, seqLen: 96, threads: 1 }
            guard: { rank: { min: 4, max: 16 }, refreshEvery: 6 }
            fisher: { samples: 40, minRefusals: 8 }
            driftcheck: { size: 20, final: 40, maxNewTokens: 16 }
            retries: { backoff: 0.1 }
            {{changes}}
            """);
    }

    public string Model { get; } = Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo");

    public string TrainFile => Path.Combine(_folder, "train.jsonl");

    /// <summary>Limits that this little training meets.</summary>
    public static string[] Accepted { get; } = [.. new[] { "method=lora", "train.steps=100", "train.segment=100", "train.batch=8", "train.lr=5e-3", "driftcheck.every=final", "lora.dropout=0",
        "gate.refusalDrop=0.99", "gate.overRefusalRise=0.99", "gate.coherenceDrop=0.99", "gate.confidence=0.8" }.SelectMany(o => new[] { "--set", o })];

    public string JobFile => Path.Combine(_folder, "job.yaml");

    public string Folder => _folder;

    public string Store(string name) => Path.Combine(_folder, name);

    public string[] Command(string store) => ["run", JobFile, "--store", Store(store)];

    public IReadOnlyDictionary<string, string> FinalState(string store) => FinalStateAsync(new FolderStore(Store(store), lookOnly: true)).GetAwaiter().GetResult();

    /// <summary>Hashes of adapter and optimizer of the last segment of a store's one run, whatever attempt wrote them; taken here, and equal to the record's.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> FinalStateAsync(IArtifactStore store)
    {
        var last = (await store.ListAsync("runs/")).Where(n => n.Split('/') is [_, _, "segments", _, "commit.json"]).MaxBy(n => int.Parse(n.Split('/')[3]))!;
        var hashes = new Dictionary<string, string>();
        foreach (var file in System.Text.Json.JsonDocument.Parse((await store.ReadAsync(last))!.Content).RootElement.GetProperty("files").EnumerateArray())
        {
            var name = file.GetProperty("name").GetString()!;
            if (!name.EndsWith("safetensors")) continue;
            var hash = Convert.ToHexStringLower(SHA256.HashData((await store.ReadAsync(name))!.Content));
            Xunit.Assert.Equal(file.GetProperty("sha256").GetString(), hash);
            hashes.Add(Path.GetFileName(name), hash);
        }
        return hashes;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
