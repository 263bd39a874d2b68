using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.GZip;

namespace AlignGuard.Pipeline.Data;

/// <summary>Reading can not go on; the message is a sentence for the user.</summary>
internal sealed class UnreadableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The bytes of a data file, unpacked, without a byte order mark, one at a time and counted.</summary>
internal sealed class RowBytes : IDisposable
{
    private const int End = -1;
    private readonly Stream stream;
    private readonly int limit;
    private readonly bool noMember;
    private readonly byte[] buffer = new byte[1 << 16];
    private int filled, at;
    private long total;

    /// <param name="file">Owned from now on.</param>
    /// <param name="limit">The most bytes there may be, unpacked.</param>
    public RowBytes(FileStream file, bool gzip, int limit)
    {
        this.limit = limit;
        stream = gzip ? new GZipInputStream(file) : file;
        noMember = gzip && file.Length == 0;
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

    // The first fill takes all it can get, so that a mark is never cut in two.
    private bool Fill()
    {
        try
        {
            if (noMember) throw new EndOfStreamException();
            (at, filled) = (0, stream.ReadAtLeast(buffer, 4, throwOnEndOfStream: false));
        }
        catch (EndOfStreamException e)
        {
            throw new UnreadableException("is not a sound gzip file: it is cut off. Fetch it again, or pack it anew.", e);
        }
        // A damaged code table shows itself as whatever comes of it.
        catch (Exception e) when (e is SharpZipBaseException or IndexOutOfRangeException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw new UnreadableException("is not a sound gzip file: it is damaged. Fetch it again, or pack it anew.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreadableException($"can not be read ({e.Message}): check its permissions and the disk.", e);
        }
        total += filled;
        if (total > limit) throw new UnreadableException($"the file is larger than {limit:N0} bytes unpacked: split it, or train on a part of it.");
        return filled > 0;
    }
}
