using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary><c>store://ACCOUNT/CONTAINER/PATH</c>: a blob by account, container and name. It is never a URL, so it can lead nowhere else.</summary>
/// <param name="Account">3 to 24 lower-case letters and digits; <c>azurite</c> is the emulator.</param>
/// <param name="Path">At least one part, by the rules of <see cref="BlobName"/>.</param>
public sealed record StoreReference(string Account, string Container, string Path)
{
    /// <summary>Null with a reason (what is wrong, as the end of a sentence) where the text is no reference.</summary>
    public static StoreReference? Parse(string text, out string reason)
    {
        reason = "it must be store://ACCOUNT/CONTAINER/PATH";
        if (!text.StartsWith(StoreAddress.Scheme, StringComparison.Ordinal)) return null;
        if (text[StoreAddress.Scheme.Length..].Split('/', 3) is not [var account, var container, { Length: > 0 } path]) return null;
        if (!StoreAddress.IsAccount(account)) reason = "the account must be 3 to 24 lower-case letters and digits";
        else if (!StoreAddress.IsContainer(container)) reason = "the container must be 3 to 63 lower-case letters, digits and single dashes";
        else if (PathProblem(path) is { } problem) reason = problem;
        else return new StoreReference(account, container, path);
        return null;
    }

    private static string? PathProblem(string path)
    {
        try
        {
            BlobName.Check(path);
            return null;
        }
        catch (UserFaultException)
        {
            return "the path must be plain parts divided by '/', without '..', '\\', '%' or control characters";
        }
    }
}
