using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// A store in a blob container, on Azure or Azurite. Create-once is <c>If-None-Match: *</c>, replacement <c>If-Match</c>: the service decides races, across
/// machines. Uploads are sent with MD5 and, where large, in parallel blocks; readers see a blob whole or not at all.
/// </summary>
public sealed class BlobStore : IArtifactStore
{
    // Blobs up to this go in one request; larger ones in blocks of it, several at once.
    private const int BlockBytes = 8 << 20;
    private const int BlocksAtOnce = 4;

    // The service takes no more in one addition.
    private const int AppendBytes = 4 << 20;

    private static readonly UploadTransferValidationOptions Validation = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 };

    private readonly BlobContainerClient _container;
    private readonly string _prefix;

    /// <param name="prefix">Names are below it; empty = the container's root.</param>
    /// <param name="location">Where it is, for people.</param>
    public BlobStore(BlobContainerClient container, string prefix, string location)
    {
        (_container, Location) = (container, location);
        _prefix = prefix.Length == 0 ? "" : BlobName.Check(prefix) + "/";
    }

    public string Location { get; }

    public Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) =>
        UploadAsync(name, content, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellation);

    public async Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default)
    {
        if (ifMatch is null) return await CreateAsync(name, content, cancellation);
        var version = new ETag(ifMatch);
        return await IsLogAsync(name, cancellation)
            ? await RewriteLogAsync(name, content, version, cancellation)
            : await UploadAsync(name, content, new BlobRequestConditions { IfMatch = version }, cancellation);
    }

    public Task AppendAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) => Guarded(async () =>
    {
        var blob = _container.GetAppendBlobClient(_prefix + BlobName.Check(name));
        try
        {
            await AppendAsync(blob, content, cancellation);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            await blob.CreateIfNotExistsAsync(cancellationToken: cancellation);
            await AppendAsync(blob, content, cancellation);
        }
        return true;
    });

    public Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) => Guarded<StoredBlob?>(async () =>
    {
        try
        {
            var blob = await Blob(name).DownloadContentAsync(cancellation);
            return new StoredBlob(blob.Value.Content.ToArray(), blob.Value.Details.ETag.ToString());
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
    });

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) => Guarded<IReadOnlyList<string>>(async () =>
    {
        var names = new List<string>();
        await foreach (var blob in _container.GetBlobsAsync(new GetBlobsOptions { Prefix = _prefix + prefix }, cancellation)) names.Add(blob.Name[_prefix.Length..]);
        names.Sort(StringComparer.Ordinal);
        return names;
    });

    public Task DeleteAsync(string name, CancellationToken cancellation = default) => Guarded(async () =>
    {
        await Blob(name).DeleteIfExistsAsync(cancellationToken: cancellation);
        return true;
    });

    private BlobClient Blob(string name) => _container.GetBlobClient(_prefix + BlobName.Check(name));

    /// <summary>False where the condition did not hold.</summary>
    private Task<bool> UploadAsync(string name, ReadOnlyMemory<byte> content, BlobRequestConditions conditions, CancellationToken cancellation) => Guarded(async () =>
    {
        try
        {
            await Blob(name).UploadAsync(new BinaryData(content), new BlobUploadOptions
            {
                Conditions = conditions,
                TransferValidation = Validation,
                TransferOptions = new StorageTransferOptions { InitialTransferSize = BlockBytes, MaximumTransferSize = BlockBytes, MaximumConcurrency = BlocksAtOnce },
            }, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 && IsLostRace(e))
        {
            return false;
        }
    });

    /// <summary>True for what was made by appending.</summary>
    private Task<bool> IsLogAsync(string name, CancellationToken cancellation) => Guarded(async () =>
    {
        try
        {
            return (await Blob(name).GetPropertiesAsync(cancellationToken: cancellation)).Value.BlobType == BlobType.Append;
        }
        catch (RequestFailedException e) when (e.Status == 404 && e.ErrorCode != BlobErrorCode.ContainerNotFound)
        {
            return false;
        }
    });

    /// <summary>
    /// What is to be appended to again has to stay of its kind: it is emptied and written anew. A crash in between leaves a shorter log, which costs no work: whatever a log forgets is
    /// found committed.
    /// </summary>
    private Task<bool> RewriteLogAsync(string name, ReadOnlyMemory<byte> content, ETag version, CancellationToken cancellation) => Guarded(async () =>
    {
        var blob = _container.GetAppendBlobClient(_prefix + name);
        try
        {
            await blob.CreateAsync(new AppendBlobCreateOptions { Conditions = new AppendBlobRequestConditions { IfMatch = version } }, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 && IsLostRace(e))
        {
            return false;
        }
        await AppendAsync(blob, content, cancellation);
        return true;
    });

    private static async Task AppendAsync(AppendBlobClient blob, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        for (var at = 0; at < content.Length; at += AppendBytes)
            await blob.AppendBlockAsync(new BinaryData(content[at..Math.Min(content.Length, at + AppendBytes)]).ToStream(), new AppendBlobAppendBlockOptions { TransferValidation = Validation }, cancellation);
    }

    private static bool IsLostRace(RequestFailedException e) => e.ErrorCode == BlobErrorCode.BlobAlreadyExists || e.ErrorCode == BlobErrorCode.ConditionNotMet;

    private async Task<T> Guarded<T>(Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (BlobFault.Sentence(e) is { } sentence)
        {
            throw new StoreException($"The store {Location} {sentence} The run goes on from its last commit when the same command is given again.", e);
        }
    }
}
