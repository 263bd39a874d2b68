using System.Buffers.Binary;
using System.Diagnostics;
using AlignGuard.Models;
using AlignGuard.Pipeline.Data;
using AlignGuard.Tests;
using Parquet;
using Xunit;

namespace AlignGuard.Attacks;

/// <summary>Parquet files damaged at random, from seeds: read or refused, never anything else, in bounded time and memory.</summary>
public sealed class ParquetFuzzTests : IDisposable
{
    private readonly AttackFile file = new();

    public void Dispose() => file.Dispose();

    [Theory]
    [InlineData(1, CompressionMethod.None, false)]
    [InlineData(2, CompressionMethod.None, true)]
    [InlineData(3, CompressionMethod.Snappy, false)]
    [InlineData(4, CompressionMethod.Zstd, true)]
    [InlineData(5, CompressionMethod.Gzip, true)]
    public void A_damaged_file_is_read_or_refused_with_its_name(int seed, CompressionMethod codec, bool footerOnly)
    {
        var path = System.IO.Path.Combine(file.Folder, "rows.parquet");
        var random = new Random(seed);
        var valid = ParquetSample.Chats([.. Enumerable.Range(0, 6).Select(n => new[] { ("system", "s"), ("user", $"question {n}"), ("assistant", $"answer {n % 2}") })], codec, rowsPerGroup: 4);
        File.WriteAllBytes(path, valid);
        Assert.Equal(6, RowFile.Read(path).Rows.Count);
        var footer = BinaryPrimitives.ReadInt32LittleEndian(valid.AsSpan(valid.Length - 8));

        var (read, refused, slowest) = (0, 0, TimeSpan.Zero);
        var budget = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var rounds = 0;
        for (; rounds < 1500 && budget.Elapsed < TimeSpan.FromSeconds(9); rounds++)
        {
            File.WriteAllBytes(path, footerOnly || random.Next(2) == 0 ? DamagedFooter(valid, footer, random) : Damaged(valid, random));
            var clock = Stopwatch.StartNew();
            try
            {
                Assert.All(RowFile.Read(path, limits: new RowLimits { RowGroupBytes = 8 << 20, FileBytes = 8 << 20 }).Rows, r => Assert.Equal("assistant", r.Messages[^1].Role));
                read++;
            }
            catch (UserFaultException e)
            {
                Assert.InRange(e.Problems.Count, 1, 51);
                Assert.All(e.Problems, p => Assert.StartsWith(path, p));
                Assert.All(e.Problems, p => Assert.DoesNotContain(p, char.IsControl));
                refused++;
            }
            if (clock.Elapsed > slowest) slowest = clock.Elapsed;
        }
        Assert.True(read > rounds / 100 && refused > rounds / 4, $"{read} read, {refused} refused: the mutations miss their aim");
        Assert.True(slowest < TimeSpan.FromSeconds(5), $"a file took {slowest}");
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / rounds, 0, 4 << 20);
    }

    // Bytes changed in place, so that offsets still hold; sometimes moved.
    private static byte[] Damaged(byte[] valid, Random random)
    {
        if (random.Next(4) == 0) return Mutation.Of(valid, valid.Length, random);
        var bytes = (byte[])valid.Clone();
        for (var n = random.Next(1, 5); n > 0; n--) bytes[random.Next(4, bytes.Length - 8)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    // With its length made right again, the damage gets past the first check.
    private static byte[] DamagedFooter(byte[] valid, int footer, Random random)
    {
        var data = valid.Length - 8 - footer;
        var damaged = Mutation.Of(valid[data..(data + footer)], footer, random);
        return ParquetLie.Wrap(valid[4..data], damaged);
    }
}
