using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Files below <c>models/{name}/{runId}</c>, then <c>models/{name}/current.json</c>: whoever reads that finds all of it.</summary>
public static class Publication
{
    // Of two runs that publish at once one comes after the other; more tries mean many do.
    private const int Tries = 5;
    private const int MostReplaced = 1000;

    /// <summary>What <c>models/{name}/current.json</c> says.</summary>
    /// <param name="Adapter">Folder of the published files.</param>
    /// <param name="Segment">sha-256 of the segment's record.</param>
    /// <param name="Gate">sha-256 of the verdict's record.</param>
    public sealed record Current(string RunId, string Adapter, string Segment, string Gate)
    {
        /// <summary>Runs that this one took the place of, newest first.</summary>
        public IReadOnlyList<string> Replaced { get; init; } = [];
    }

    /// <summary>File of the publication's record that lists what was published.</summary>
    public const string ListName = "published.json";

    /// <returns>What the publication's record keeps.</returns>
    /// <exception cref="StoreException">Others keep publishing the same model.</exception>
    public static async Task<IReadOnlyDictionary<string, byte[]>> PublishAsync(IArtifactStore store, string model, Current current, IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (name, content) in files) await PutAsync(store, $"{current.Adapter}/{name}", content);
        InjectionPoints.Reached("published");
        await MakeCurrentAsync(store, CurrentName(model), current);
        InjectionPoints.Reached("made-current");
        var list = files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => new CommittedFile($"{current.Adapter}/{f.Key}", Hashing.Sha256(f.Value), f.Value.Length));
        return new Dictionary<string, byte[]> { [ListName] = CommitProtocol.ToJson(new Published(CurrentName(model), [.. list])) };
    }

    /// <summary>Checks that what a publication's record lists is there.</summary>
    /// <exception cref="DamagedArtifactException">Something is missing or altered: it is published again.</exception>
    public static async Task VerifyAsync(CommitProtocol protocol, CommitReference publication)
    {
        var published = await protocol.ReadJsonAsync<Published>(publication, ListName);
        foreach (var file in published.Files) await protocol.ReadAsync(file);
        // It may name a later run by now; it may not be gone.
        if (await protocol.Store.ReadAsync(published.Current) is null) throw new DamagedArtifactException($"{published.Current} is missing from {protocol.Store.Location}.");
    }

    /// <summary>What is published under a name; null = nothing.</summary>
    public static async Task<Current?> FindAsync(IArtifactStore store, string model) => await store.ReadAsync(CurrentName(model)) is { } held ? CommitProtocol.FromJson<Current>(held.Content) : null;

    /// <summary>
    /// Makes an earlier publication of a name the current one again. The run that was current counts as one that another took the place of, so it stays back when it is delivered again.
    /// </summary>
    /// <param name="runId">The run to go back to; null = the newest that the current one took the place of.</param>
    /// <exception cref="UserFaultException">There is nothing to go back to, or that run never published under this name what a gate accepted.</exception>
    /// <exception cref="DamagedArtifactException">Its files, or the records that vouch for them, are not what they were.</exception>
    public static async Task<Current> RollbackAsync(IArtifactStore store, string model, string? runId)
    {
        var name = CurrentName(model);
        var held = await store.ReadAsync(name) ?? throw new UserFaultException($"Nothing is published as '{model}' in {store.Location}.");
        var current = CommitProtocol.FromJson<Current>(held.Content);
        var target = runId ?? current.Replaced.FirstOrDefault() ?? throw new UserFaultException($"{current.RunId} is the only run that was published as '{model}'; there is none to go back to.");
        if (target == current.RunId) throw new UserFaultException($"{target} is what is published as '{model}'.");
        if (!current.Replaced.Contains(target)) throw new UserFaultException($"{target} was never published as '{model}'. It was: {string.Join(", ", current.Replaced)}.");

        var adapter = await VouchedAsync(store, model, target);
        var replaced = (string[])[current.RunId, .. current.Replaced.Where(run => run != target)];
        var back = adapter with { Replaced = replaced };
        if (!await store.ReplaceAsync(name, CommitProtocol.ToJson(back), held.Version)) throw new StoreException($"{name} was changed meanwhile: another run was published. Look at it, then give the command again.");
        return back;
    }

    /// <summary>The files of what stands under a name, checked against the records that vouch for them.</summary>
    /// <exception cref="UserFaultException">Nothing is published under it.</exception>
    /// <exception cref="DamagedArtifactException">Its files, or the records that vouch for them, are not what they were.</exception>
    public static async Task<(string RunId, IReadOnlyDictionary<string, byte[]> Files)> ReadAsync(IArtifactStore store, string model)
    {
        var current = await FindAsync(store, model) ?? throw new UserFaultException($"Nothing is published as '{model}' in {store.Location}.");
        await VouchedAsync(store, model, current.RunId);
        var protocol = new CommitProtocol(store);
        var published = await protocol.ReadJsonAsync<Published>((await protocol.FindAsync($"runs/{current.RunId}/publish"))!, ListName);
        var files = new Dictionary<string, byte[]>();
        foreach (var file in published.Files) files.Add(file.Name[(file.Name.LastIndexOf('/') + 1)..], await protocol.ReadAsync(file));
        return (current.RunId, files);
    }

    /// <summary>A run's own publication, with the verdict that it rests on: looked at again, since the name says nothing.</summary>
    private static async Task<Current> VouchedAsync(IArtifactStore store, string model, string runId)
    {
        var protocol = new CommitProtocol(store);
        var folder = $"runs/{runId}";
        var gate = await protocol.FindAsync($"{folder}/gate") ?? throw new UserFaultException($"Run {runId} has no verdict in {store.Location}: its adapter is not published without one.");
        if (!CommitProtocol.Result<GateActivity.Result>(gate).Accepted) throw new UserFaultException($"The gate rejected run {runId}: its adapter is not published.");
        var publication = await protocol.FindAsync($"{folder}/publish") ?? throw new UserFaultException($"Run {runId} has no record of a publication in {store.Location}.");
        if (publication.Commit.Parents.GetValueOrDefault("gate") != gate.Hash || !publication.Commit.Parents.TryGetValue("segment", out var segment))
            throw new DamagedArtifactException($"{publication.Folder} rests on another verdict than {gate.Folder} holds.");
        await VerifyAsync(protocol, publication);
        return new Current(runId, $"models/{model}/{runId}", segment, gate.Hash);
    }

    private sealed record Published(string Current, IReadOnlyList<CommittedFile> Files);

    private static string CurrentName(string model) => $"models/{model}/current.json";

    /// <summary>What an earlier attempt published of a segment that was damaged and made again since gives way.</summary>
    private static async Task PutAsync(IArtifactStore store, string name, byte[] content)
    {
        if (await store.CreateAsync(name, content)) return;
        if (await store.ReadAsync(name) is { } held && !held.Content.AsSpan().SequenceEqual(content)) await store.ReplaceAsync(name, content, held.Version);
    }

    /// <summary>
    /// Replaced with If-Match: of two runs that publish at once, one sees the other's and comes after it. A run that another took the place of stays in its place, however often it is
    /// published again.
    /// </summary>
    private static async Task MakeCurrentAsync(IArtifactStore store, string name, Current mine)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var held = await store.ReadAsync(name);
            var current = held is null ? null : CommitProtocol.FromJson<Current>(held.Content);
            if (current is not null && current.Replaced.Contains(mine.RunId)) return;
            var replaced = current is null ? [] : current.RunId == mine.RunId ? current.Replaced : [current.RunId, .. current.Replaced.Take(MostReplaced)];
            var content = CommitProtocol.ToJson(mine with { Replaced = replaced });
            if (held is not null && held.Content.AsSpan().SequenceEqual(content)) return;
            if (await store.ReplaceAsync(name, content, held?.Version)) return;
        }
        throw new StoreException($"{name} keeps changing: several runs publish the same model at once. Give the same command again.") { Transient = true };
    }
}
