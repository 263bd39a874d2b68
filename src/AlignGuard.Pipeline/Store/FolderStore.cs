using System.Runtime.InteropServices;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// A store in a folder. A blob appears by linking a finished, flushed temporary file to its name, which fails if the name is taken: readers
/// never see half a blob, and of two writers exactly one wins, across processes.
/// </summary>
public sealed partial class FolderStore : IArtifactStore
{
    private const string TemporaryFolder = ".tmp", LockSuffix = ".lock";

    // A store may be seen by several machines, and a process id says something on its own machine only.
    private static readonly string Host = string.Concat(Environment.MachineName.Where(char.IsAsciiLetterOrDigit));
    private readonly string _root;

    /// <param name="root">Created if absent.</param>
    /// <param name="lookOnly">Neither creates nor cleans up: for whoever only reads.</param>
    public FolderStore(string root, bool lookOnly = false)
    {
        _root = Path.GetFullPath(root);
        if (File.Exists(_root)) throw new UserFaultException([$"--store {root} is a file; a folder is expected."]);
        if (lookOnly) return;
        Guarded(() => Directory.CreateDirectory(Path.Combine(_root, TemporaryFolder)));
        RemoveOrphans();
    }

    public string Location => _root;

    public long? FreeBytes => Guarded(() => new DriveInfo(_root).AvailableFreeSpace);

    public Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded(() =>
        {
            var target = Target(name);
            if (File.Exists(target)) return false;
            var temporary = WriteTemporary(content);
            try
            {
                return TryLink(temporary, target);
            }
            finally
            {
                File.Delete(temporary);
            }
        }));

    public Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded(() =>
        {
            var target = Target(name);
            // Compare and replace must be one step for every process that sees the folder: a lock file serialises them.
            using var _ = LockFile(target);
            var current = File.Exists(target) ? Hashing.Sha256(File.ReadAllBytes(target)) : null;
            if (current != ifMatch) return false;
            File.Move(WriteTemporary(content), target, overwrite: true);
            return true;
        }));

    public Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded(() =>
        {
            var target = Target(name);
            using var _ = LockFile(target);
            using var file = new FileStream(target, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            if (file.Length != at) return false;
            file.Seek(at, SeekOrigin.Begin);
            file.Write(content.Span);
            file.Flush(flushToDisk: true);
            return true;
        }));

    public Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded<StoredBlob?>(() =>
        {
            var path = Target(name, create: false);
            try
            {
                var content = File.ReadAllBytes(path);
                return new StoredBlob(content, Hashing.Sha256(content));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || Directory.Exists(path))
            {
                return null;
            }
        }));

    public Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded(() =>
        {
            var path = Target(name, create: false);
            if (!File.Exists(path)) return null;
            using var file = File.OpenRead(path);
            var version = StampOf(file);
            if (ifMatch is not null && ifMatch != version) throw new BlobChangedException(name);
            file.Seek(offset, SeekOrigin.Begin);
            var content = new byte[Math.Clamp(file.Length - offset, 0, length)];
            file.ReadExactly(content);
            return new StoredBlob(content, version);
        }));

    /// <summary>A version that costs no reading of the whole: length and time of the last write. Ranges are read of what may be large.</summary>
    private static string StampOf(FileStream file) => FormattableString.Invariant($"{file.Length}-{File.GetLastWriteTimeUtc(file.SafeFileHandle).Ticks}");

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded<IReadOnlyList<string>>(() =>
        {
            var slash = prefix.LastIndexOf('/');
            var folder = slash < 0 ? _root : Path.Combine(_root, BlobName.Check(prefix[..slash]));
            if (!Directory.Exists(folder)) return [];
            return [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_root, path).Replace('\\', '/'))
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !name.StartsWith(TemporaryFolder + "/", StringComparison.Ordinal) && !name.EndsWith(LockSuffix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)];
        }));

    public Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default)
    {
        Guarded(() =>
        {
            var target = Target(name, create: false);
            if (!File.Exists(target)) return;
            if (ifMatch is null)
            {
                File.Delete(target);
                return;
            }
            using var _ = LockFile(target);
            if (File.Exists(target) && Hashing.Sha256(File.ReadAllBytes(target)) == ifMatch) File.Delete(target);
        });
        return Task.CompletedTask;
    }

    public Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default) =>
        Task.FromResult(Guarded<IStoreLease?>(() =>
        {
            var target = Target(name);
            FileStream held;
            try
            {
                held = Locked(target + ".held" + LockSuffix);
            }
            catch (IOException e) when (IsHeld(e))
            {
                return null;
            }
            try
            {
                File.Move(WriteTemporary(System.Text.Encoding.UTF8.GetBytes(holder)), target, overwrite: true);
            }
            catch
            {
                held.Dispose();
                throw;
            }
            return new Lease(held);
        }));

    // The system broke it when its holder died.
    public Task BreakLeaseAsync(string name, CancellationToken cancellation = default) => Task.CompletedTask;

    /// <summary>The low half of the code: EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION on Windows. A full disk is another matter.</summary>
    private static bool IsHeld(IOException e) => (e.HResult & 0xFFFF) is 11 or 35 or 32;

    /// <summary>The system lets go of it when the process ends, however it ends: there is nothing to renew.</summary>
    private sealed class Lease(FileStream held) : IStoreLease
    {
        public Task<bool> RenewAsync(CancellationToken cancellation = default) => Task.FromResult(true);

        public ValueTask DisposeAsync() => held.DisposeAsync();
    }

    private string Target(string name, bool create = true)
    {
        var path = Path.Combine(_root, BlobName.Check(name));
        if (create) Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private string WriteTemporary(ReadOnlyMemory<byte> content)
    {
        var path = Path.Combine(_root, TemporaryFolder, $"{Host}-{Environment.ProcessId}-{Guid.NewGuid():N}");
        try
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            file.Write(content.Span);
            file.Flush(flushToDisk: true);
            return path;
        }
        catch
        {
            // Half a file on a full disk would keep it full.
            File.Delete(path);
            throw;
        }
    }

    // The files stay: one that is deleted while another process opens it would be locked by both, each its own.
    private static FileStream Locked(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);

    private static FileStream LockFile(string target)
    {
        for (var waited = 0; ; waited += 20)
        {
            try
            {
                return Locked(target + LockSuffix);
            }
            catch (IOException e) when (IsHeld(e) && waited < 10_000)
            {
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>Removes what processes of this machine that no longer live left behind.</summary>
    private void RemoveOrphans()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(_root, TemporaryFolder)))
        {
            if (Path.GetFileName(path).Split('-') is not [var host, var owner, _] || host != Host) continue;
            if (int.TryParse(owner, out var id) && (id == Environment.ProcessId || IsAlive(id))) continue;
            try
            {
                File.Delete(path);
            }
            catch (IOException)
            {
                // Somebody else is cleaning up too.
            }
        }

        static bool IsAlive(int id)
        {
            try
            {
                using var process = System.Diagnostics.Process.GetProcessById(id);
                return true;
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    private static bool TryLink(string existing, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            if (File.Exists(target)) return false;
            File.Move(existing, target, overwrite: false);
            return true;
        }
        if (Link(existing, target) == 0) return true;
        const int alreadyExists = 17;
        var error = Marshal.GetLastPInvokeError();
        return error == alreadyExists ? false : throw new IOException($"link {target}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string target);

    private void Guarded(Action action) => Guarded(() =>
    {
        action();
        return true;
    });

    private T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException($"The store {_root} cannot be written ({e.Message}). Check its permissions or name another folder with --store; the run goes on from its last commit when the same command is given again.", e);
        }
        catch (Exception e) when (IsFull(e))
        {
            throw new StorageFullException($"The store {_root} has no room left ({e.Message}): free space and give the same command again. The run goes on from its last commit.", e);
        }
        catch (IOException e)
        {
            throw new StoreException($"The store {_root} failed ({e.Message}). If it is read-only, make it writable and give the same command again: the run goes on from its last commit.", e);
        }
    }

    /// <summary>EFBIG, ENOSPC, EDQUOT, and ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows. A file larger than a limit or the file system allows comes as an argument that is out of range.</summary>
    private static bool IsFull(Exception e) => e is ArgumentOutOfRangeException || (e is IOException && (e.HResult & 0xFFFF) is 27 or 28 or 122 or 112 or 39);
}
