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
        var model = Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo");
        // A few rows of the built-in task: reading all of it would be most of a run of seconds.
        var (train, eval) = (Path.Combine(_folder, "train.jsonl"), Path.Combine(_folder, "eval.jsonl"));
        using (var file = File.Create(train)) HowToTask.WriteJsonl(file, HowToTask.Train().Take(64));
        using (var file = File.Create(eval)) HowToTask.WriteJsonl(file, HowToTask.HeldOut().Take(24));
        File.WriteAllText(JobFile, $$"""
            name: tiny
            model: {{model}}
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

    public string JobFile => Path.Combine(_folder, "job.yaml");

    public string Store(string name) => Path.Combine(_folder, name);

    public string[] Command(string store) => ["run", JobFile, "--store", Store(store)];

    /// <summary>The same from any kind of store that holds one run.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> FinalStateAsync(IArtifactStore store)
    {
        var protocol = new CommitProtocol(store);
        var last = (await store.ListAsync("runs/")).Select(n => n.Split('/')).Where(p => p is [_, _, "segments", _, CommitProtocol.RecordName]).MaxBy(p => int.Parse(p[3]))!;
        var commit = (await protocol.FindAsync(string.Join('/', last[..^1])))!;
        foreach (var file in commit.Commit.Files) await protocol.ReadAsync(file);
        return commit.Commit.Files.Where(f => f.Name.EndsWith("safetensors")).ToDictionary(f => Path.GetFileName(f.Name), f => f.Sha256);
    }

    /// <summary>Hashes of adapter and optimizer of the last segment, whatever attempt wrote them.</summary>
    public IReadOnlyDictionary<string, string> FinalState(string store)
    {
        var segments = Path.Combine(Directory.GetDirectories(Path.Combine(Store(store), "runs")).Single(), "segments");
        var last = Directory.GetDirectories(segments).MaxBy(path => int.Parse(Path.GetFileName(path)))!;
        var commit = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(last, "commit.json"))).RootElement;
        return commit.GetProperty("files").EnumerateArray()
            .Where(f => f.GetProperty("name").GetString()!.EndsWith("safetensors"))
            .ToDictionary(f => Path.GetFileName(f.GetProperty("name").GetString()!), f =>
            {
                var content = File.ReadAllBytes(Path.Combine(Store(store), f.GetProperty("name").GetString()!));
                var hash = Convert.ToHexStringLower(SHA256.HashData(content));
                Xunit.Assert.Equal(f.GetProperty("sha256").GetString(), hash);
                return hash;
            });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
