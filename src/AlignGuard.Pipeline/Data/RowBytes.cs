using System.Buffers.Binary;
using System.IO.Compression;

namespace AlignGuard.Pipeline.Data;

/// <summary>Reading can not go on; the message is a sentence for the user.</summary>
internal sealed class UnreadableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The bytes of a data file, unpacked, without a byte order mark, one at a time and counted.</summary>
internal sealed class RowBytes : IDisposable
{
    private const int End = -1;
    private readonly Stream stream;
    private readonly int limit;
    private readonly long? unpacked;
    private readonly byte[] buffer = new byte[1 << 16];
    private int filled, at;
    private long total;

    /// <param name="file">Owned from now on.</param>
    /// <param name="limit">The most bytes there may be, unpacked.</param>
    public RowBytes(FileStream file, bool gzip, int limit)
    {
        this.limit = limit;
        stream = file;
        if (!gzip) return;
        unpacked = UnpackedLength(file);
        stream = new GZipStream(file, CompressionMode.Decompress);
    }

    /// <summary>Line of the next byte, from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Skips a UTF-8 byte order mark; other marks say that the file is no UTF-8 text at all.</summary>
    /// <exception cref="UnreadableException">UTF-16, UTF-32 or gzip; or as for <see cref="Next"/>.</exception>
    public void SkipByteOrderMark()
    {
        Fill();
        var head = buffer.AsSpan(0, filled);
        if (head.StartsWith("\uFEFF"u8)) at = 3;
        else if (head is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, 0, 0xFE, 0xFF, ..])
            throw new UnreadableException("is UTF-16 or UTF-32 text: save it as UTF-8.");
        else if (head is [0x1F, 0x8B, ..]) throw new UnreadableException("is packed with gzip: let its name end in .gz.");
    }

    /// <summary>Whether the first character that is not white space is this one. To be asked before the first <see cref="Next"/>.</summary>
    public bool StartsWith(char character)
    {
        var text = buffer.AsSpan(at, filled - at).TrimStart(" \t\r\n"u8);
        return text.Length > 0 && text[0] == character;
    }

    /// <summary>The next byte; −1 at the end.</summary>
    /// <exception cref="UnreadableException">A damaged gzip stream, a file over the limit, a disk that fails.</exception>
    public int Next()
    {
        if (at == filled && !Fill()) return End;
        var value = buffer[at++];
        if (value == (byte)'\n') Line++;
        return value;
    }

    public void Dispose() => stream.Dispose();

    // The last four bytes of a gzip file; what is shorter than any gzip file names a length that none has.
    private static long UnpackedLength(FileStream file)
    {
        if (file.Length < 18) return -1;
        Span<byte> tail = stackalloc byte[4];
        file.Seek(-4, SeekOrigin.End);
        file.ReadExactly(tail);
        file.Seek(0, SeekOrigin.Begin);
        return BinaryPrimitives.ReadUInt32LittleEndian(tail);
    }

    // The first fill takes all it can get, so that a mark is never cut in two.
    private bool Fill()
    {
        try
        {
            (at, filled) = (0, stream.ReadAtLeast(buffer, 4, throwOnEndOfStream: false));
        }
        catch (InvalidDataException e)
        {
            throw new UnreadableException("is not a sound gzip file: it is damaged. Fetch it again, or pack it anew.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreadableException($"can not be read ({e.Message}): check its permissions and the disk.", e);
        }
        total += filled;
        // GZipStream takes a file that is cut off for one that ends there.
        if (filled == 0 && unpacked is { } length && total != length)
            throw new UnreadableException("is not a sound gzip file: it is cut off, or several files in one. Fetch it again, or unpack it and pack it anew.");
        if (total > limit) throw new UnreadableException($"the file is larger than {limit:N0} bytes unpacked: split it, or train on a part of it.");
        return filled > 0;
    }
}
