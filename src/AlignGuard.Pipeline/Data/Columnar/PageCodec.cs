using Parquet.Meta;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>How a page is packed, and what it unpacks to: some codecs say it themselves, and readers believe them and not the page header.</summary>
internal static class PageCodec
{
    // Of Snappy's preamble, a varint of 32 bits.
    private const int Preamble = 5;

    /// <summary>Bytes that unpacking the page will take.</summary>
    /// <param name="read">Reads the page, as far as so many bytes.</param>
    /// <exception cref="UnreadableException">A codec that is not read, or sizes that contradict each other.</exception>
    public static long Unpacked(CompressionCodec codec, PageSizes page, string column, Func<int, byte[]> read) => codec switch
    {
        CompressionCodec.UNCOMPRESSED when page.Unpacked == page.Packed => page.Unpacked,
        CompressionCodec.UNCOMPRESSED => throw Contradiction(column, page.Packed, page.Unpacked),
        CompressionCodec.SNAPPY => Math.Max(page.Unpacked, Snappy(page, column, read)),
        CompressionCodec.GZIP => page.Unpacked + page.Packed,
        CompressionCodec.ZSTD => Math.Max(page.Unpacked, Zstandard(page, read)),
        // With the others a page that is cut short goes unnoticed.
        _ => throw new UnreadableException($"packs column {column} with {codec}, which is not read: write it with snappy, gzip, zstd or none."),
    };

    private static long Snappy(PageSizes page, string column, Func<int, byte[]> read)
    {
        if (page.Packed == 0) return 0;
        var (length, shift) = (0L, 0);
        foreach (var next in read((int)Math.Min(int.MaxValue, page.Levels + Preamble)).Skip((int)Math.Max(0, page.Levels)))
        {
            length |= (long)(next & 127) << shift;
            shift += 7;
            if (next < 128) break;
        }
        return length + Math.Max(0, page.Levels) == page.Unpacked ? length : throw Contradiction(column, length, page.Unpacked);
    }

    private static long Zstandard(PageSizes page, Func<int, byte[]> read)
    {
        var bytes = read(int.MaxValue);
        return bytes.Length <= page.Levels || page.Levels < 0 ? 0 : (long)Math.Min(long.MaxValue / 2, ZstdSharp.Decompressor.GetDecompressedSize(bytes.AsSpan((int)page.Levels)));
    }

    private static UnreadableException Contradiction(string column, long one, long other) =>
        new($"is not a sound Parquet file: a page of column {column} has {one:N0} bytes, its header says {other:N0}. Fetch it again, or write it anew.");
}
