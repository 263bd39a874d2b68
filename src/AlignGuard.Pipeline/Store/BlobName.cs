using AlignGuard.Models;

namespace AlignGuard.Pipeline.Store;

/// <summary>The rules of blob names: what is a legal name here is a legal file name on every system and cannot leave the store.</summary>
public static class BlobName
{
    private const int Longest = 512;

    /// <exception cref="UserFaultException">The name is absolute, climbs, or holds characters that some store treats specially.</exception>
    public static string Check(string name)
    {
        var parts = name.Split('/');
        var reason =
            name.Length is 0 or > Longest ? $"it must have 1 to {Longest} characters"
            : name.Any(c => c < ' ' || c > '~' || "\\:*?\"<>|%".Contains(c)) ? "only plain ASCII without \\ : * ? \" < > | % is allowed"
            : parts.Any(p => p.Length == 0) ? "it must not be absolute or have empty parts"
            : parts.Any(p => p is "." or ".." || p.EndsWith('.') || p.EndsWith(' ')) ? "parts must not be . or .. or end in a dot or space"
            : null;
        return reason is null ? name : throw new UserFaultException([$"'{name}' is not a name in the store: {reason}."]);
    }
}
