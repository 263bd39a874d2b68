using System.Buffers.Binary;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>
/// A Parquet file with another footer, of which only a part may be read at a time. A page that holds fewer values than its header says would send the reader of a column on into bytes that nothing has checked: here it ends.
/// </summary>
/// <param name="dataEnd">Bytes of the file before its own footer.</param>
internal sealed class GuardedStream(FileStream file, long dataEnd, byte[] footer) : Stream
{
    private readonly byte[] tail = Tail(footer);
    private long begin, end = long.MaxValue;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => dataEnd + tail.Length;

    public override long Position { get; set; }

    /// <summary>Allows the bytes from <paramref name="from"/> up to <paramref name="to"/> alone.</summary>
    public void Allow(long from, long to) => (begin, end) = (from, to);

    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length == 0) return 0;
        // No reader that knows its way comes here: at the end of a stream, others read a last byte for ever.
        if (Position < begin || Position >= Math.Min(end, Length)) throw new UnreadableException("is not a sound Parquet file: a page holds fewer values than its header says.");
        var most = (int)Math.Min(buffer.Length, Math.Min(end, Position < dataEnd ? dataEnd : Length) - Position);
        if (Position >= dataEnd) tail.AsSpan((int)(Position - dataEnd), most).CopyTo(buffer);
        else
        {
            file.Seek(Position, SeekOrigin.Begin);
            most = file.Read(buffer[..most]);
        }
        Position += most;
        return most;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    // In memory, or of a disk: never waited for.
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer.AsSpan(offset, count)));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => Position, _ => Length };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static byte[] Tail(byte[] footer)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. footer, .. length, .. "PAR1"u8];
    }
}
