using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;

namespace AlignGuard.Pipeline.Store;

/// <summary>What the blob service's errors mean for a person, and what to do about them.</summary>
internal static class BlobFault
{
    /// <summary>Goes on from "The store X"; null for what is no fault of the store.</summary>
    public static string? Sentence(Exception e) => e switch
    {
        _ when IsFull(e) => $"has no room left ({Code(Last(e))}). Free space, or raise its quota.",
        RequestFailedException { Status: 401 or 403 } r => $"refused access ({Code(r)}). Give the identity in use the role Storage Blob Data Contributor on the container, or correct the key.",
        RequestFailedException r when r.ErrorCode == BlobErrorCode.ContainerNotFound => "has no such container. Create it, or name another.",
        RequestFailedException { Status: 0 } r => $"cannot be reached ({r.Message.Split('\n')[0]}). Check the account's name and the network; for the emulator, that Azurite is running.",
        RequestFailedException { Status: >= 500 } r => $"failed ({Code(r)}) after several tries. Try again later.",
        RequestFailedException r => $"refused a request ({Code(r)}).",
        AuthenticationFailedException a => $"could not be signed in to ({a.Message.Split('\n')[0]}). Sign in (az login), or run where a managed identity is.",
        IOException i => $"broke off an answer ({i.Message.Split('\n')[0]}) after several tries. Check the network and try again.",
        // The client's own limit of time; whoever is cancelled has a token that says so.
        OperationCanceledException { CancellationToken.IsCancellationRequested: false } => "did not answer in time. Check the network and try again.",
        // The client's tries, one each: the last says how it stands.
        AggregateException { InnerExceptions: [.., var last] } => Sentence(last),
        _ => null,
    };

    /// <summary>
    /// A quota is used up, or the disk below the service is full: 507, or a code that says so. Public documents list no code for an account over its capacity, so the words are what is gone by; the emulator's
    /// (409 MemoryExtentStoreAtSizeLimit) has been seen.
    /// </summary>
    public static bool IsFull(Exception e) => Last(e) is { } r && (r.Status == 507 || (r.Status is 403 or 409 or 413 && r.ErrorCode is { } code && FullCodes.Any(word => code.Contains(word, StringComparison.OrdinalIgnoreCase))));

    private static readonly string[] FullCodes = ["Quota", "AtSizeLimit", "CapacityExceeded", "InsufficientStorage"];

    private static RequestFailedException? Last(Exception e) => e as RequestFailedException ?? ((e as AggregateException)?.InnerExceptions is [.., RequestFailedException last] ? last : null);

    /// <summary>Trying again later may help: the service is out of reach, overloaded or failing.</summary>
    public static bool IsTransient(Exception e) => e switch
    {
        _ when IsFull(e) => false,
        RequestFailedException r => r.Status is 0 or 408 or 429 or >= 500,
        IOException => true,
        OperationCanceledException c => !c.CancellationToken.IsCancellationRequested,
        AggregateException { InnerExceptions: [.., var last] } => IsTransient(last),
        _ => false,
    };

    private static string Code(RequestFailedException? e) => $"{e!.Status} {e.ErrorCode ?? e.Message.Split('\n')[0]}";
}
