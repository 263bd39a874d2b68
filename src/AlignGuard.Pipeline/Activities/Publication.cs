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
