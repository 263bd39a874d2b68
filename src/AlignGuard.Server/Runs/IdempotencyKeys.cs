using System.Security.Cryptography;
using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary><c>keys/{hash}.json</c>: which run a caller's key was first given with. The key itself is not kept.</summary>
internal sealed class IdempotencyKeys(IArtifactStore store)
{
    private const int Longest = 200;

    private sealed record Taken(string RunId);

    /// <summary>True when the key was given before, with the same run.</summary>
    /// <exception cref="UserFaultException">No key that can be used.</exception>
    /// <exception cref="ConflictException">It was given with another run.</exception>
    public async Task<bool> IsRepetitionAsync(string key, string runId, CancellationToken cancellation)
    {
        if (key.Length is 0 or > Longest || key.Any(c => c is < '!' or > '~')) throw new UserFaultException($"Idempotency-Key: 1 to {Longest} printable ASCII characters without spaces are expected.");
        var name = $"keys/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32]}.json";
        if (await store.CreateAsync(name, CommitProtocol.ToJson(new Taken(runId)), cancellation)) return false;
        var blob = await store.ReadAsync(name, cancellation) ?? throw new StoreException($"{name} was written but cannot be read back from {store.Location}.");
        var first = CommitProtocol.FromJson<Taken>(blob.Content).RunId;
        return first == runId ? true : throw new ConflictException($"Idempotency-Key: this key was given before, with run {first}; this job is run {runId}. Use a new key for a new job.");
    }
}
