using System.Text.RegularExpressions;

namespace AlignGuard.Server.Runs;

/// <summary>Ids of runs as they come from outside: one part of a store name, never a path.</summary>
public static partial class RunId
{
    // A job's name (at most 64 characters), a dash and ten digits of a hash, with room for the names of sweeps.
    private const int Longest = 100;

    // "-0123456789": what a run's id adds to its job's name.
    private const int HashPart = 11;

    public static bool IsValid(string id) => id.Length <= Longest && Shape().IsMatch(id) && !id.EndsWith('.');

    /// <exception cref="NotFoundException">Not the id of any run.</exception>
    public static string Check(string id) => IsValid(id) ? id : throw new NotFoundException("This is not the id of a run: letters, digits, dots, dashes and underscores are. GET /runs lists them.");

    /// <summary>Where everything of a run lies.</summary>
    public static string Folder(string id) => $"runs/{id}/";

    /// <summary>Where its adapter is published; null where the id names no job.</summary>
    public static string? PublishedFolder(string id) => id.Length > HashPart ? $"models/{id[..^HashPart]}/{id}/" : null;

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex Shape();
}
