using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

/// <summary>
/// A safetensors file, open for reading. <see cref="Open"/> checks the whole header (size, overflow, overlap, gaps, dtypes, count)
/// before anything is allocated; tensors are read when asked for. Safe for reading from several threads.
/// </summary>
public sealed partial class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header) =>
        (Path, this.handle, this.header) = (path, handle, header);

    public string Path { get; }

    /// <summary>All tensors' names, in the order of their bytes in the file.</summary>
    public IEnumerable<string> Names => header.Layout.Select(t => t.Name);

    public int Count => header.Layout.Length;

    /// <summary>The header's <c>__metadata__</c>; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <exception cref="SafetensorsException">Any of <see cref="SafetensorsFault"/>.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (Directory.Exists(path)) throw new SafetensorsException(SafetensorsFault.NotAFile, path, "is a folder: give the file itself.");
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
            return new SafetensorsFile(path, handle, ReadHeader(path, handle));
        }
        catch (Exception e)
        {
            handle?.Dispose();
            throw e switch
            {
                FileNotFoundException or DirectoryNotFoundException =>
                    new SafetensorsException(SafetensorsFault.FileMissing, path, "does not exist: check the path.", inner: e),
                IOException or UnauthorizedAccessException or NotSupportedException => Unreadable(path, e),
                _ => e,
            };
        }
    }

    private static SafetensorsHeader ReadHeader(string path, SafeFileHandle handle)
    {
        var fileLength = RandomAccess.GetLength(handle);
        Span<byte> prefix = stackalloc byte[8];
        if (fileLength < 8 || !TryReadExactly(handle, prefix, 0))
            throw new SafetensorsException(SafetensorsFault.TooShort, path, $"has {fileLength} bytes, too few for a safetensors file: write or download it again.");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsLimits.MaxHeaderBytes)
            throw new SafetensorsException(SafetensorsFault.HeaderTooLarge, path,
                $"claims a header of {length:N0} bytes, more than the {SafetensorsLimits.MaxHeaderBytes:N0} allowed: it is damaged or no safetensors file.");
        if (length > (ulong)fileLength - 8)
            throw new SafetensorsException(SafetensorsFault.HeaderBeyondFile, path,
                $"claims a header of {length:N0} bytes but has only {fileLength - 8:N0} after its first 8: it is truncated or no safetensors file.");
        var json = new byte[length];
        if (!TryReadExactly(handle, json, 8))
            throw new SafetensorsException(SafetensorsFault.HeaderBeyondFile, path, "became shorter while it was read.");
        return SafetensorsHeader.Parse(path, json, fileLength);
    }

    public bool Contains(string name) => header.Tensors.ContainsKey(name);

    /// <exception cref="SafetensorsException"><see cref="SafetensorsFault.TensorMissing"/>.</exception>
    public TensorInfo Info(string name) =>
        header.Tensors.TryGetValue(name, out var info)
            ? info
            : throw new SafetensorsException(SafetensorsFault.TensorMissing, Path, $"is not among the {Count} tensors of the file.", name);

    /// <summary>A new CPU tensor of the stored dtype and shape; its bytes come straight from the file.</summary>
    /// <exception cref="SafetensorsException">Missing tensor, truncated file, invalid BOOL payload.</exception>
    public Tensor Read(string name)
    {
        var info = Info(name);
        var tensor = torch.empty([.. info.Shape], dtype: info.Dtype, device: torch.CPU);
        try
        {
            TensorBytes.ForEachChunk(tensor, (bytes, at) =>
            {
                if (!TryReadExactly(handle, bytes, info.Offset + at))
                    throw new SafetensorsException(SafetensorsFault.TruncatedPayload, Path, "the file became shorter while it was open.", name);
                if (info.Dtype == ScalarType.Bool && bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                    throw new SafetensorsException(SafetensorsFault.InvalidBool, Path, "a BOOL is neither 0 nor 1: the data is damaged.", name);
            });
            return tensor;
        }
        catch (Exception e)
        {
            tensor.Dispose();
            if (e is IOException) throw Unreadable(Path, e, name);
            throw;
        }
    }

    public void Dispose() => handle.Dispose();

    private static bool TryReadExactly(SafeFileHandle handle, Span<byte> into, long offset)
    {
        while (into.Length > 0)
        {
            var read = RandomAccess.Read(handle, into, offset);
            if (read == 0) return false;
            into = into[read..];
            offset += read;
        }
        return true;
    }

    private static SafetensorsException Unreadable(string path, Exception e, string? tensor = null) =>
        new(SafetensorsFault.Unreadable, path, $"can not be read ({e.Message}): check its permissions and the disk.", tensor, e);
}
