using System.Text.RegularExpressions;

namespace AlignGuard.Pipeline.Verification;

/// <summary>Which revision of a published model a folder holds, as whatever brought it here noted.</summary>
/// <param name="Repository">organisation/name; null where only the commit was noted.</param>
/// <param name="Commit">40 hexadecimal digits.</param>
public sealed partial record ModelRevision(string? Repository, string Commit)
{
    /// <summary>By the place in the Hugging Face cache, by the notes that a download into a folder leaves, or by git. Null = nobody noted it.</summary>
    public static ModelRevision? Of(string folder)
    {
        var path = Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar).Replace(Path.DirectorySeparatorChar, '/');
        if (Snapshot().Match(path) is { Success: true } cached) return new ModelRevision(cached.Groups[1].Value.Replace("--", "/", StringComparison.Ordinal), cached.Groups[2].Value);
        foreach (var notes in new[] { ".cache/huggingface", ".huggingface" })
            if (FirstLine(Path.Combine(folder, notes, "download", "config.json.metadata")) is { } noted && Hash().IsMatch(noted)) return new ModelRevision(null, noted);
        return OfGit(Path.Combine(folder, ".git")) is { } commit ? new ModelRevision(null, commit) : null;
    }

    public override string ToString() => Repository is null ? Commit : $"{Repository} at {Commit}";

    private static string? OfGit(string git)
    {
        if (FirstLine(Path.Combine(git, "HEAD")) is not { } head) return null;
        if (Hash().IsMatch(head)) return head;
        if (!head.StartsWith("ref: refs/", StringComparison.Ordinal) || head.Contains("..", StringComparison.Ordinal)) return null;
        var name = head["ref: ".Length..];
        if (FirstLine(Path.Combine(git, name)) is { } loose && Hash().IsMatch(loose)) return loose;
        var packed = Path.Combine(git, "packed-refs");
        return File.Exists(packed) ? File.ReadLines(packed).Where(l => l.EndsWith(" " + name, StringComparison.Ordinal)).Select(l => l[..^(name.Length + 1)]).FirstOrDefault(l => Hash().IsMatch(l)) : null;
    }

    private static string? FirstLine(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault()?.Trim() : null;

    [GeneratedRegex("/models--([^/]+)/snapshots/([0-9a-f]{40})$")]
    private static partial Regex Snapshot();

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex Hash();
}
