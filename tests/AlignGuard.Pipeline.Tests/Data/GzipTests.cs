using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Data;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

/// <summary>A gzip file is one member or several, one behind the other (RFC 1952, section 2.2): what <c>cat a.gz b.gz</c> and bgzip write.</summary>
public sealed class GzipTests : IDisposable
{
    private const string Row = """{"prompt":"p","completion":"c"}""" + "\n";
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(300)]
    public void Members_are_read_as_one_file(int members)
    {
        var path = folder.File("rows.jsonl.gz");
        File.WriteAllBytes(path, [.. Enumerable.Range(0, members).SelectMany(n => DataFolder.Pack(Encoding.UTF8.GetBytes(Row.Replace("\"p\"", $"\"p{n}\""))))]);
        Assert.Equal(Enumerable.Range(0, members).Select(n => $"p{n}"), RowFile.Read(path).Rows.Select(r => r.Prompt[0].Content));
    }

    [Fact]
    public void A_row_may_begin_in_one_member_and_end_in_the_next()
    {
        var path = folder.File("rows.jsonl.gz");
        File.WriteAllBytes(path, [.. DataFolder.Pack(Encoding.UTF8.GetBytes(Row[..9])), .. DataFolder.Pack(Encoding.UTF8.GetBytes(Row[9..]))]);
        Assert.Equal("c", Assert.Single(RowFile.Read(path).Rows).Response);
    }

    /// <summary>Wherever the second member is cut: what is left may be whole rows, and is not the file that was sent.</summary>
    [Fact]
    public void A_second_member_that_is_cut_off_is_told()
    {
        var path = folder.File("rows.jsonl.gz");
        var (first, second) = (DataFolder.Pack(Encoding.UTF8.GetBytes(Row)), DataFolder.Pack(Encoding.UTF8.GetBytes(Row)));
        for (var length = 1; length < second.Length; length++)
        {
            File.WriteAllBytes(path, [.. first, .. second[..length]]);
            Assert.Contains("is not a sound gzip file", Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems[^1]);
        }
    }

    [Fact]
    public void A_checksum_that_does_not_match_is_told()
    {
        var path = folder.File("rows.jsonl.gz");
        var packed = DataFolder.Pack(Encoding.UTF8.GetBytes(Row));
        packed[^6] ^= 1;
        File.WriteAllBytes(path, packed);
        Assert.Contains("is not a sound gzip file", Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems[^1]);
    }

    /// <summary>Regression: a packed file of a blob container was copied to a name that is no data file's.</summary>
    [Theory]
    [InlineData("data/2026/rows.jsonl.gz", ".jsonl.gz")]
    [InlineData("rows.v2.csv.GZ", ".csv.GZ")]
    [InlineData("rows.parquet", ".parquet")]
    [InlineData("rows", "")]
    public void A_copy_of_a_blob_keeps_what_says_how_it_is_read(string name, string kind) => Assert.Equal(kind, StoreSources.Kind(name));
}
