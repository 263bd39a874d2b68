using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// Downloads that are whole. The client goes on where a connection broke, but takes a body that just ends, as some proxies end it, for the content:
/// the length that was announced is checked here.
/// </summary>
internal static class WholeBlob
{
    private const int Tries = 5;

    /// <exception cref="IOException">The body ended early every time.</exception>
    public static async Task<BlobDownloadResult> DownloadAsync(BlobClient blob, BlobDownloadOptions options, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            var result = (await blob.DownloadContentAsync(options, cancellation)).Value;
            var (got, announced) = (result.Content.ToMemory().Length, result.Details.ContentLength);
            if (got == announced) return result;
            if (tries == Tries) throw new IOException($"{blob.Name} ended after {got} of {announced} bytes, {tries} times");
        }
    }
}
