using Azure;
using Azure.Storage.Blobs;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// A mark in a blob's metadata, another one for every write. The answer to a write may get lost; the client then writes again and is refused, by its own first
/// try. The mark tells that from a race that was lost, also to somebody whose content is the same to the byte.
/// </summary>
internal sealed class WriteMark
{
    private const string Key = "alignguardwrite";

    private readonly string _value = Guid.NewGuid().ToString("N");

    public IDictionary<string, string> Metadata => new Dictionary<string, string> { [Key] = _value };

    /// <summary>True where what is there now was written by the write that bears this mark.</summary>
    public async Task<bool> IsOnAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            return (await blob.GetPropertiesAsync(cancellationToken: cancellation)).Value.Metadata.TryGetValue(Key, out var value) && value == _value;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return false;
        }
    }
}
