using System.IO.Compression;
using AlignGuard.Models;
using AlignGuard.Pipeline.Data;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Attacks;

/// <summary>Parquet files made to break their reader: each ends in a sentence, in little memory.</summary>
public sealed class ParquetAttackTests : IDisposable
{
    private readonly AttackFile file = new();

    public void Dispose() => file.Dispose();

    private string Path => System.IO.Path.Combine(file.Folder, "rows.parquet");

    /// <summary>Else the lies below would be refused for another reason than the one they are made for.</summary>
    [Fact]
    public void The_file_that_lies_below_is_sound_when_it_does_not()
    {
        File.WriteAllBytes(Path, new ParquetLie().Bytes());
        Assert.Equal("hello", RowFile.Read(Path).Rows.Single().Response);
    }

    public static TheoryData<string, ParquetLie> Lies => new()
    {
        { "says that column 'text' has 1,073,741,824 values", new() { Values = 1 << 30 } },
        { "says that column 'text' has -1 values", new() { Values = -1 } },
        { "says that column 'text' has 1,152,921,504,606,846,976 values", new() { Values = 1L << 60 } },
        { "takes more than 67,108,864 bytes of memory unpacked", new() { Values = 100_000_000 } },
        { "says that column 'text' has 1 values, its pages 2", new() { PageValues = 2 } },
        { "places column 'text' where no data is", new() { Values = 2 } },
        { "holds fewer values than its header says", new() { PageValues = 3, Values = 3, Schema = [ParquetLie.Column("text", type: 1, repetition: 0, converted: null)], Page = [1, 0, 0, 0] } },
        { "its columns disagree", new() { PageValues = 3, Values = 3, Rows = 3, Schema = [ParquetLie.Column("text", type: 1, converted: null)], Page = [2, 0, 0, 0, 6, 1, 1, 0, 0, 0] } },
        { "not a sound Parquet file", new() { PageValues = 3, Values = 3, Rows = 3, Page = [2, 0, 0, 0, 6, 1, .. ParquetLie.Hello.AsSpan(6)] } },
        { "says that a row group has 1,152,921,504,606,846,976 rows, there are 1", new() { Rows = 1L << 60 } },
        { "says that a row group has -5 rows, there are 1", new() { Rows = -5 } },
        { "gives a page of column 'text' more bytes than there are", new() { Packed = int.MaxValue } },
        { "gives a page of column 'text' more bytes than there are", new() { Packed = -20 } },
        { "gives a page of column 'text' more bytes than there are", new() { Unpacked = -1 } },
        { "its header says 2,147,483,647", new() { Unpacked = int.MaxValue } },
        { "takes more than 67,108,864 bytes of memory unpacked", new() { Unpacked = int.MaxValue, Codec = 2 } },
        { "its header says 15", new() { Codec = 1, Page = [0xFF, 0xFF, 0xFF, 0xFF, 7, 1, 2, 3], Unpacked = 15 } },
        { "packs column 'text' with LZ4, which is not read", new() { Codec = 5 } },
        { "places column 'text' where no data is", new() { Offset = 1L << 50 } },
        { "places column 'text' where no data is", new() { Offset = -4 } },
        { "has a page of column 'text' where none can be", new() { PageType = 77 } },
        { "has a page of column 'text' where none can be", new() { PageType = 2, PageValues = int.MaxValue } },
        { "its footer or a page header is damaged", new() { SchemaCount = 2_000_000_000 } },
        { "more columns in it than there are", new() { Children = -1 } },
        { "more columns in it than there are", new() { Children = int.MaxValue } },
        { "nested more than 24 deep", new() { Schema = [.. Enumerable.Repeat(ParquetLie.Group("g", 1), 3_000), ParquetLie.Column("text")] } },
        { "lacks column 'text'", new() { ColumnPath = ["other"] } },
        { "more than one column of a name: 'text'", new() { Children = 2, Schema = [ParquetLie.Column("text"), ParquetLie.Column("text")] } },
        { "has no column of texts", new() { Schema = [ParquetLie.Column("text", converted: null)] } },
        { "not a sound Parquet file", new() { Schema = [ParquetLie.Column("text", type: 99)] } },
        { "row 1: column 'text': not UTF-8 text", new() { Page = [.. ParquetLie.Hello.AsSpan(..^1), 0xFF] } },
        { "its columns disagree", new() { Page = [2, 0, 0, 0, 2, 3, .. ParquetLie.Hello.AsSpan(6)] } },
        { "not a sound Parquet file", new() { Page = [2, 0, 0, 0, 2, 1, 255, 255, 255, 127, 1] } },
        { "not a sound Parquet file", new() { Page = [] } },
        { "row 1: text: must be a string, not null", new() { Page = [2, 0, 0, 0, 2, 0] } },
    };

    [Theory]
    [MemberData(nameof(Lies), DisableDiscoveryEnumeration = true)]
    public void A_lie_is_a_sentence(string expected, ParquetLie lie)
    {
        File.WriteAllBytes(Path, lie.Bytes());
        var told = Refused();
        Assert.True(told.Contains(expected, StringComparison.Ordinal), told);
    }

    [Theory]
    [InlineData(0, "fewer bytes than the shortest")]
    [InlineData(11, "fewer bytes than the shortest")]
    [InlineData(12, "is cut off")]
    [InlineData(-1, "is cut off")]
    [InlineData(-8, "is cut off")]
    public void A_file_that_is_cut_off_is_told(int length, string expected)
    {
        var whole = new ParquetLie().Bytes();
        File.WriteAllBytes(Path, whole[..(length >= 0 ? length : whole.Length + length)]);
        var told = Refused();
        Assert.True(told.Contains(expected, StringComparison.Ordinal), told);
    }

    [Theory]
    [InlineData("PK\u0003\u0004", "does not begin with PAR1")]
    [InlineData("PARE", "is encrypted")]
    public void Another_magic_is_told(string magic, string expected)
    {
        File.WriteAllBytes(Path, [.. magic.Select(c => (byte)c), .. new ParquetLie().Bytes().AsSpan(4)]);
        var told = Refused();
        Assert.True(told.Contains(expected, StringComparison.Ordinal), told);
    }

    [Theory]
    [InlineData(uint.MaxValue, "its footer is said to have 4,294,967,295 bytes")]
    [InlineData(int.MaxValue, "its footer is said to have 2,147,483,647 bytes")]
    [InlineData(1000u, "its footer is said to have 1,000 bytes")]
    [InlineData(0u, "not a sound Parquet file")]
    [InlineData(7u, "not a sound Parquet file")]
    public void A_footer_of_another_length_is_told(uint length, string expected)
    {
        var lie = new ParquetLie();
        File.WriteAllBytes(Path, ParquetLie.Wrap(lie.PageBytes(), lie.Footer(), length));
        var told = Refused();
        Assert.True(told.Contains(expected, StringComparison.Ordinal), told);
    }

    [Fact]
    public void A_footer_nested_without_end_does_not_overflow_the_stack()
    {
        var nested = new byte[5_000_000];
        Array.Fill(nested, (byte)0x1C);
        File.WriteAllBytes(Path, ParquetLie.Wrap([], nested));
        Assert.Contains("nested more than 24 deep", Refused());
        Array.Fill(nested, (byte)0x19);
        File.WriteAllBytes(Path, ParquetLie.Wrap([], nested));
        Assert.Contains("nested more than 24 deep", Refused());
    }

    [Fact]
    public void A_footer_of_millions_of_parts_is_not_built()
    {
        var groups = Enumerable.Repeat((byte[])[0], 3_000_000).ToList();
        File.WriteAllBytes(Path, ParquetLie.Wrap([], new ParquetLie.Compact().List(4, 12, groups).Bytes));
        Assert.Contains("more parts than any table of texts", Bounded(8 << 20));
    }

    [Fact]
    public void A_page_without_values_that_leads_to_itself_ends()
    {
        var empty = new ParquetLie { Page = [], PageValues = 0 }.PageBytes();
        File.WriteAllBytes(Path, ParquetLie.Wrap([.. Enumerable.Repeat(empty, 1000).SelectMany(p => p)], new ParquetLie().Footer()));
        Assert.Contains("places column 'text' where no data is", Refused());
    }

    /// <summary>200 MB of one letter in a few kilobytes of the file, honestly told.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    public void A_page_that_unpacks_to_a_huge_one_is_not_unpacked(int codec)
    {
        var text = new byte[200_000_000];
        Array.Fill(text, (byte)'a');
        byte[] page = [2, 0, 0, 0, 2, 1, .. BitConverter.GetBytes(text.Length), .. text];
        File.WriteAllBytes(Path, new ParquetLie { Codec = codec, Page = Packed(codec, page), Unpacked = page.Length }.Bytes());
        Assert.InRange(new FileInfo(Path).Length, 1, 10_000_000);
        Assert.Contains("takes more than 67,108,864 bytes of memory unpacked", Bounded(2 << 20));
    }

    [Fact]
    public void A_zstd_page_that_is_larger_than_its_header_says_is_not_unpacked()
    {
        File.WriteAllBytes(Path, new ParquetLie { Codec = 6, Page = Packed(6, new byte[200_000_000]), Unpacked = 15 }.Bytes());
        Assert.Contains("takes more than 67,108,864 bytes of memory unpacked", Bounded(8 << 20));
    }

    [Fact]
    public void A_gzip_page_that_is_larger_than_its_header_says_is_cut_there()
    {
        File.WriteAllBytes(Path, new ParquetLie { Codec = 2, Page = Packed(2, new byte[200_000_000]), Unpacked = 15 }.Bytes());
        Bounded(8 << 20);
    }

    /// <summary>A text of a megabyte once in the file, and a hundred thousand rows that point to it: a hundred gigabytes.</summary>
    [Fact]
    public void A_text_that_many_rows_point_to_is_counted_each_time()
    {
        byte[] text = [0, 0, 15, 0, .. new byte[15 << 16].Select(_ => (byte)'a')];
        var dictionary = new ParquetLie { PageType = 2, Page = text }.PageBytes();
        const int Rows = 100_000;
        var run = new ParquetLie.Compact();
        run.Varint(Rows << 1);
        byte[] levels = [.. run.Bytes[..^1], 1], indexes = [1, .. run.Bytes[..^1], 0];
        byte[] values = [(byte)levels.Length, 0, 0, 0, .. levels, .. indexes];
        var data = new ParquetLie { Page = values, Encoding = 8, PageValues = Rows, Values = Rows, Rows = Rows };
        File.WriteAllBytes(Path, ParquetLie.Wrap([.. dictionary, .. data.PageBytes()], data.Footer()));
        Assert.Contains("the file is larger than 52,428,800 bytes unpacked", Bounded(256 << 20));
    }

    [Fact]
    public void A_list_that_points_to_one_text_again_and_again_is_a_row_that_is_too_long()
    {
        var turns = Enumerable.Range(0, 50_000).Select(i => (i % 2 == 0 ? "user" : "assistant", "x" + new string('y', 100))).ToArray();
        File.WriteAllBytes(Path, ParquetSample.Chats([turns, [("user", "a"), ("assistant", "b")]]));
        var set = RowFile.Read(Path, new RowReading { MostSkipped = 0.5 });
        Assert.Contains("the row has more than 1,048,576 bytes", set.Quarantined.Single().Reasons.Single());
        Assert.Equal(2, set.Rows.Single().Place.Row);
    }

    private static byte[] Packed(int codec, byte[] page)
    {
        if (codec == 1) return Snappier.Snappy.CompressToArray(page);
        using var zstd = new ZstdSharp.Compressor(1);
        if (codec == 6) return zstd.Wrap(page).ToArray();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(page);
        return packed.ToArray();
    }

    private string Refused() => string.Join('\n', Assert.Throws<UserFaultException>(() => RowFile.Read(Path, limits: new RowLimits { FileBytes = 50 << 20, RowGroupBytes = 64 << 20 })).Problems);

    private string Bounded(long bytes)
    {
        // The first use of a reader builds what it always needs.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var told = Refused();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, bytes);
        return told;
    }
}
