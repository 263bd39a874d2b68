using System.Security.Cryptography;
using System.Text.Json;

namespace AlignGuard.Pipeline.Store;

/// <summary>One file of a committed artifact.</summary>
/// <param name="Name">Name in the store, below the attempt's own folder.</param>
public sealed record CommittedFile(string Name, string Sha256, long Length);

/// <summary>
/// The winner record of an activity's result: written once, after every file it names. It carries the hashes of what it was made from, so the
/// records of a run form a chain back to the job.
/// </summary>
public sealed record Commit
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;
    /// <summary>The command this is the result of, e.g. <c>segment/3</c>.</summary>
    public required string Command { get; init; }
    public required string Attempt { get; init; }
    /// <summary>sha-256 of the records (commit.json bytes) this result was computed from, by their role.</summary>
    public required SortedDictionary<string, string> Parents { get; init; }
    public required string SpecHash { get; init; }
    public required IReadOnlyList<CommittedFile> Files { get; init; }
    /// <summary>Small results that decisions need (step reached, counts, warnings).</summary>
    public required JsonElement Result { get; init; }
    /// <summary>Versions of what computed it.</summary>
    public required SortedDictionary<string, string> Software { get; init; }
}

/// <summary>A commit as found in the store.</summary>
/// <param name="Folder">Folder of the command, e.g. <c>runs/x/segments/3</c>.</param>
/// <param name="Hash">sha-256 of the record's bytes.</param>
public sealed record CommitReference(string Folder, string Hash, Commit Commit)
{
    /// <summary>Store name of one of its files by its last part.</summary>
    public CommittedFile File(string fileName) =>
        Commit.Files.FirstOrDefault(f => f.Name.EndsWith("/" + fileName, StringComparison.Ordinal))
        ?? throw new StoreException($"{Folder}/commit.json names no file {fileName}. It was written by another version of the program.");
}

internal static class Hashing
{
    public static string Sha256(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
