using Parquet.Meta;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>
/// Goes from page header to page header of a column before it is read, so that what a reader will allocate is known, and is no more than is left of a budget.
/// </summary>
internal sealed class PageWalk(FileStream file, long dataEnd)
{
    // Statistics stand in a page header, with a smallest and a largest text.
    private const int FirstWindow = 4096, LastWindow = 16 << 20;
    private const int MostParts = 1000;

    // Of a value: where its text lies (16), its array (24 and the text, which is counted with the page) and its two levels (8).
    private const int BytesPerValue = 48;

    /// <summary>What the rows of a group that were walked will take, in bytes.</summary>
    public long Unpacked { get; private set; }

    /// <summary>Before the first column of a row group.</summary>
    public void Begin() => Unpacked = 0;

    /// <param name="column">What the footer says of the column in this row group.</param>
    /// <param name="repeated">Whether it lies in a list.</param>
    /// <param name="budget">The most that the row group may take, in bytes.</param>
    /// <returns>Where the column's pages lie.</returns>
    public (long From, long To) Run(ColumnMetaData column, string name, bool repeated, long budget)
    {
        if (column.NumValues is < 0 or > int.MaxValue / 2) throw Damaged($"says that column {name} has {column.NumValues:N0} values");
        Charge(column.NumValues * BytesPerValue, budget);
        var from = new[] { column.DictionaryPageOffset ?? 0, column.DataPageOffset, column.IndexPageOffset ?? 0 }.Where(o => o != 0).DefaultIfEmpty(-1).Min();
        var (at, values, first) = (from, 0L, true);
        while (values < column.NumValues)
        {
            if (at < 4 || at >= dataEnd) throw Damaged($"places column {name} where no data is");
            var page = ReadHeader(at);
            if (page.Unpacked < 0 || page.Packed < 0 || page.Values < 0 || page.Packed > dataEnd - at - page.HeaderBytes) throw Damaged($"gives a page of column {name} more bytes than there are");
            Charge(PageCodec.Unpacked(column.Codec, page, name, ReadPage), budget);
            switch (page.Type)
            {
                // An entry takes four bytes at least: its length, or a number.
                case PageType.DICTIONARY_PAGE when first && page.Values <= page.Unpacked / 4:
                    Charge(page.Values * BytesPerValue, budget);
                    break;
                case PageType.DATA_PAGE:
                    values += page.Values;
                    break;
                case PageType.DATA_PAGE_V2 when repeated:
                    throw new UnreadableException($"keeps the lists of column {name} in data pages of version 2, which are not read: write it with version 1 (data_page_version=\"1.0\" in pyarrow, its default).");
                case PageType.DATA_PAGE_V2:
                    values += page.Values;
                    break;
                default:
                    throw Damaged($"has a page of column {name} where none can be");
            }
            first = false;
            at += page.HeaderBytes + page.Packed;

            byte[] ReadPage(int most) => Read(at + page.HeaderBytes, (int)Math.Min(page.Packed, most));
        }
        if (values != column.NumValues) throw Damaged($"says that column {name} has {column.NumValues:N0} values, its pages {values:N0}");
        return (from, at);
    }

    private void Charge(long bytes, long budget)
    {
        Unpacked += bytes;
        if (Unpacked > budget)
            throw new UnreadableException($"has a row group that takes more than {budget:N0} bytes of memory unpacked: write it with smaller row groups (row_group_size=1000 in pyarrow and pandas), or with the columns of the conversation alone.");
    }

    private PageSizes ReadHeader(long at)
    {
        for (var window = FirstWindow; ; window *= 16)
        {
            var there = dataEnd - at;
            try
            {
                return PageSizes.Read(Read(at, (int)Math.Min(window, there)), MostParts);
            }
            // The header may go on behind the window.
            catch (UnreadableException) when (window < there && window < LastWindow)
            {
            }
        }
    }

    private byte[] Read(long at, int count)
    {
        var bytes = new byte[count];
        file.Seek(at, SeekOrigin.Begin);
        file.ReadExactly(bytes);
        return bytes;
    }

    private static UnreadableException Damaged(string what) => new($"is not a sound Parquet file: it {what}. Fetch it again, or write it anew.");
}

/// <summary>What a page header says.</summary>
/// <param name="HeaderBytes">Of the header itself.</param>
/// <param name="Unpacked">Bytes of the page, levels included.</param>
/// <param name="Packed">Bytes of the page in the file.</param>
/// <param name="Levels">Of a data page of version 2: the bytes before its values, which are not packed.</param>
internal readonly record struct PageSizes(PageType Type, int HeaderBytes, long Unpacked, long Packed, long Values, long Levels)
{
    /// <param name="bytes">Begin with the header.</param>
    public static PageSizes Read(ReadOnlySpan<byte> bytes, int mostParts)
    {
        var header = new CompactReader(bytes, mostParts);
        var copy = new System.Buffers.ArrayBufferWriter<byte>();
        ParquetShapes.PageHeader.Copy(ref header, copy, strict: true);
        var reader = new CompactReader(copy.WrittenSpan, mostParts);
        var (type, unpacked, packed, values, levels) = (-1L, -1L, -1L, -1L, 0L);
        for (var id = 0; reader.NextField(ref id) is var field and not CompactType.Stop;)
        {
            switch (id, field)
            {
                case (1, CompactType.I32): type = reader.Integer(); break;
                case (2, CompactType.I32): unpacked = reader.Integer(); break;
                case (3, CompactType.I32): packed = reader.Integer(); break;
                // Headers of a data page, a dictionary page, and a data page of version 2: the number of values comes first in each.
                case (5 or 7 or 8, CompactType.Struct):
                    reader.Part();
                    for (var inner = 0; reader.NextField(ref inner) is var part and not CompactType.Stop;)
                    {
                        if (inner == 1 && part == CompactType.I32) values = reader.Integer();
                        else if (id == 8 && inner is 5 or 6 && part == CompactType.I32) levels += reader.Integer();
                        else reader.Skip(part);
                    }
                    break;
                default: reader.Skip(field); break;
            }
        }
        return new PageSizes((PageType)(int)type, header.Position, unpacked, packed, values, levels);
    }
}
