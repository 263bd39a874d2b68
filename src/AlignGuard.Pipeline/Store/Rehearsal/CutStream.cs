namespace AlignGuard.Pipeline.Store.Rehearsal;

/// <summary>The beginning of a body; then it breaks, or just ends.</summary>
/// <param name="remaining">Bytes that come through.</param>
/// <param name="breaks">True: reading on is an <see cref="IOException"/>. False: it is the end.</param>
internal sealed class CutStream(Stream body, long remaining, bool breaks) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => IsOver(buffer.Length) ? 0 : Counted(body.Read(buffer[..Allowed(buffer.Length)]));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        IsOver(buffer.Length) ? 0 : Counted(await body.ReadAsync(buffer[..Allowed(buffer.Length)], cancellationToken));

    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) body.Dispose();
        base.Dispose(disposing);
    }

    private bool IsOver(int wanted)
    {
        if (wanted == 0 || remaining > 0) return false;
        return breaks ? throw new IOException("Rehearsal: the connection broke in the middle of the answer.") : true;
    }

    private int Allowed(int wanted) => (int)Math.Min(wanted, remaining);

    private int Counted(int read)
    {
        remaining -= read;
        return read;
    }
}
