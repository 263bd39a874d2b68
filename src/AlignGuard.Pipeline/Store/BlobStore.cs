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

    public long? FreeBytes => null;

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

    public Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default) => Guarded(async () =>
    {
        var blob = _container.GetAppendBlobClient(_prefix + BlobName.Check(name));
        try
        {
            return await AppendAsync(blob, content, at, cancellation);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound && at == 0)
        {
            await blob.CreateIfNotExistsAsync(cancellationToken: cancellation);
            return await AppendAsync(blob, content, at, cancellation);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return false;
        }
    });

    public Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) => Guarded<StoredBlob?>(async () =>
    {
        try
        {
            var blob = await WholeBlob.DownloadAsync(Blob(name), new BlobDownloadOptions(), cancellation);
            return new StoredBlob(blob.Content.ToArray(), blob.Details.ETag.ToString());
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
    });

    public Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default) => Guarded<StoredBlob?>(async () =>
    {
        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offset, length), Conditions = ifMatch is null ? null : new BlobRequestConditions { IfMatch = new ETag(ifMatch) } };
            var blob = await WholeBlob.DownloadAsync(Blob(name), options, cancellation);
            return new StoredBlob(blob.Content.ToArray(), blob.Details.ETag.ToString());
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            throw new BlobChangedException(name);
        }
        catch (RequestFailedException e) when (e.Status == 416)
        {
            // Beyond the end.
            return new StoredBlob([], (await Blob(name).GetPropertiesAsync(cancellationToken: cancellation)).Value.ETag.ToString());
        }
    });

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) => Guarded<IReadOnlyList<string>>(async () =>
    {
        var names = new List<string>();
        await foreach (var blob in _container.GetBlobsAsync(new GetBlobsOptions { Prefix = _prefix + prefix }, cancellation)) names.Add(blob.Name[_prefix.Length..]);
        names.Sort(StringComparer.Ordinal);
        return names;
    });

    public Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default) => Guarded(async () =>
    {
        try
        {
            await Blob(name).DeleteIfExistsAsync(conditions: ifMatch is null ? null : new BlobRequestConditions { IfMatch = new ETag(ifMatch) }, cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            // Another version: it stays.
        }
        return true;
    });

    public Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default) => Guarded<IStoreLease?>(async () =>
    {
        var lease = Blob(name).GetBlobLeaseClient();
        for (var tries = 0; ; tries++)
        {
            try
            {
                await lease.AcquireAsync(duration, cancellationToken: cancellation);
                break;
            }
            catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.LeaseAlreadyPresent || e.ErrorCode == BlobErrorCode.LeaseIsBreakingAndCannotBeAcquired)
            {
                return null;
            }
            catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound && tries == 0)
            {
                await CreateAsync(name, ReadOnlyMemory<byte>.Empty, cancellation);
            }
        }
        try
        {
            await Blob(name).UploadAsync(BinaryData.FromString(holder), new BlobUploadOptions { Conditions = new BlobRequestConditions { LeaseId = lease.LeaseId } }, cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            // Ended, or was broken, before its first use.
            return null;
        }
        return new Lease(this, lease);
    });

    public Task BreakLeaseAsync(string name, CancellationToken cancellation = default) => Guarded(async () =>
    {
        try
        {
            await Blob(name).GetBlobLeaseClient().BreakAsync(TimeSpan.Zero, cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409)
        {
            // There is none.
        }
        return true;
    });

    private sealed class Lease(BlobStore store, BlobLeaseClient lease) : IStoreLease
    {
        public Task<bool> RenewAsync(CancellationToken cancellation = default) => store.Guarded(async () =>
        {
            try
            {
                await lease.RenewAsync(cancellationToken: cancellation);
                return true;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409)
            {
                return false;
            }
        });

        public async ValueTask DisposeAsync()
        {
            try
            {
                await lease.ReleaseAsync();
            }
            catch (RequestFailedException)
            {
                // Lost, or out of reach: it ends by itself.
            }
            catch (AggregateException)
            {
                // Out of reach after several tries.
            }
        }
    }

    private BlobClient Blob(string name) => _container.GetBlobClient(_prefix + BlobName.Check(name));

    /// <summary>False where the condition did not hold, and not because this very write had already happened and its answer got lost.</summary>
    private Task<bool> UploadAsync(string name, ReadOnlyMemory<byte> content, BlobRequestConditions conditions, CancellationToken cancellation) => Guarded(async () =>
    {
        var mark = new WriteMark();
        try
        {
            await Blob(name).UploadAsync(new BinaryData(content), new BlobUploadOptions
            {
                Conditions = conditions,
                Metadata = mark.Metadata,
                TransferValidation = Validation,
                TransferOptions = new StorageTransferOptions { InitialTransferSize = BlockBytes, MaximumTransferSize = BlockBytes, MaximumConcurrency = BlocksAtOnce },
            }, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 && IsLostRace(e))
        {
            return await mark.IsOnAsync(Blob(name), cancellation);
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
        var (blob, mark) = (_container.GetAppendBlobClient(_prefix + name), new WriteMark());
        try
        {
            await blob.CreateAsync(new AppendBlobCreateOptions { Metadata = mark.Metadata, Conditions = new AppendBlobRequestConditions { IfMatch = version } }, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 && IsLostRace(e))
        {
            if (!await mark.IsOnAsync(Blob(name), cancellation)) return false;
        }
        return await AppendAsync(blob, content, 0, cancellation);
    });

    private static async Task<bool> AppendAsync(AppendBlobClient blob, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation)
    {
        try
        {
            for (var sent = 0; sent < content.Length; sent += AppendBytes)
                await blob.AppendBlockAsync(new BinaryData(content[sent..Math.Min(content.Length, sent + AppendBytes)]).ToStream(), new AppendBlobAppendBlockOptions
                {
                    TransferValidation = Validation,
                    Conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = at + sent },
                }, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.AppendPositionConditionNotMet)
        {
            return false;
        }
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
            var told = $"The store {Location} {sentence} The run goes on from its last commit when the same command is given again.";
            throw BlobFault.IsFull(e) ? new StorageFullException(told, e) : new StoreException(told, e) { Transient = BlobFault.IsTransient(e) };
        }
    }
}
