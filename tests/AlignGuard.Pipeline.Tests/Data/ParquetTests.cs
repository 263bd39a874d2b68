using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Data;
using AlignGuard.Tests;
using FsCheck;
using FsCheck.Xunit;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

/// <summary>
/// Parquet files. Those in the folder Parquet are of Apache Arrow's C++ library (by way of ParquetSharp 25), which is what pyarrow, pandas and Hugging Face's datasets write with; the rest are written here.
/// </summary>
[Properties(Arbitrary = [typeof(RowGenerators)], MaxTest = 50)]
public sealed class ParquetTests : IDisposable
{
    private const string Chats = "system=Be brief.|user=How do I bake bread?|assistant=Mix, rest,\nbake.\nuser=你好 😀|assistant=\"Hi\", {you} [there]\\\nuser=a|assistant=b|user=c|assistant=d";
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("messages.snappy", RowFormat.Messages, Chats)]
    [InlineData("messages.zstd", RowFormat.Messages, Chats)]
    [InlineData("messages.gzip", RowFormat.Messages, Chats)]
    [InlineData("messages.uncompressed", RowFormat.Messages, Chats)]
    [InlineData("conversations.snappy", RowFormat.ShareGpt, Chats)]
    [InlineData("pairs", RowFormat.Alpaca, "user=Add.\n\n1 + 2|assistant=3\nuser=Sum up.|assistant=It ends well.")]
    [InlineData("glue", RowFormat.Classification, "user=a fine film|assistant=1\nuser=it 's dull|assistant=0")]
    public void What_another_program_wrote_is_read(string name, RowFormat format, string expected)
    {
        var set = RowFile.Read(Sample(name));
        Assert.Equal(format, set.Format);
        Assert.Equal(expected, string.Join('\n', set.Rows.Select(r => string.Join('|', r.Messages.Select(m => $"{m.Role}={m.Content}")))));
        Assert.Equal($"{Sample(name)}:row 2", set.Rows[1].Place.ToString());
    }

    [Property]
    public bool What_was_written_is_read_whatever_the_row_groups_and_the_codec(NonEmptyArray<ChatMessage[]> rows, PositiveInt perGroup, byte codec)
    {
        var codecs = new[] { CompressionMethod.Snappy, CompressionMethod.Zstd, CompressionMethod.Gzip, CompressionMethod.None };
        var path = folder.Write("rows.parquet", ParquetSample.Chats([.. rows.Get.Select(r => r.Select(m => (m.Role, m.Content)).ToArray())], codecs[codec % codecs.Length], perGroup.Get));
        var lines = folder.Write("rows.jsonl", string.Join('\n', rows.Get.Select(RowFileLaws.Json)));
        return RowFile.Read(path).Sha256 == RowFile.Read(lines).Sha256;
    }

    /// <summary>One set of conversations in every format that can hold it: the model sees the same tokens.</summary>
    [Fact]
    public void Every_format_gives_the_same_token_rows()
    {
        var pairs = Enumerable.Range(0, 7).Select(n => (Prompt: $"How do I bake {n} loaves, \"quickly\"?", Answer: $"Mix {n}\tand bake.")).ToList();
        (string, string)[][] chats = [.. pairs.Select(p => new[] { ("user", p.Prompt), ("assistant", p.Answer) })];
        (string, string)[][] shared = [.. pairs.Select(p => new[] { ("human", p.Prompt), ("gpt", p.Answer) })];
        string?[][] table = [.. pairs.Select(p => new[] { p.Prompt, p.Answer })];
        string Lines(Func<(string Prompt, string Answer), object> row) => string.Concat(pairs.Select(p => JsonSerializer.Serialize(row(p)) + "\n"));
        var files = new[]
        {
            folder.Write("m.jsonl", Lines(p => new { messages = new[] { new { role = "user", content = p.Prompt }, new { role = "assistant", content = p.Answer } } })),
            folder.Write("s.jsonl.gz", Lines(p => new { conversations = new[] { new { from = "human", value = p.Prompt }, new { from = "gpt", value = p.Answer } } })),
            folder.Write("p.json", JsonSerializer.Serialize(pairs.Select(p => new { question = p.Prompt, answer = p.Answer }))),
            folder.Write("a.jsonl", Lines(p => new { instruction = p.Prompt, input = "", output = p.Answer })),
            folder.Write("c.jsonl", Lines(p => new { sentence = p.Prompt, label = p.Answer })),
            folder.Write("p.csv", "prompt,completion\n" + string.Concat(pairs.Select(p => $"\"{p.Prompt.Replace("\"", "\"\"")}\",{p.Answer}\n"))),
            folder.Write("m.parquet", ParquetSample.Chats(chats)),
            folder.Write("s.parquet", ParquetSample.Chats(shared, names: ("conversations", "from", "value"))),
            folder.Write("p.parquet", ParquetSample.Table(["prompt", "completion"], table)),
            folder.Write("a.parquet", ParquetSample.Table(["instruction", "output", "input"], [.. table.Select(r => new[] { r[0], r[1], null })], rowsPerGroup: 2)),
            folder.Write("c.parquet", ParquetSample.Table(["sentence", "label"], table)),
        };
        var tokens = files.Select(f => TrainingData.Load(f, new RowReading(), SampleChat.Format, 200, DataPart.Train).Rows.Select(r => (string.Join(' ', r.Ids), string.Join(' ', r.IsResponse)))).ToList();
        Assert.All(tokens, rows => Assert.Equal(tokens[0], rows));
        Assert.Equal(7, tokens[0].Count());
    }

    [Fact]
    public void A_text_column_is_learnt_whole() =>
        Assert.Equal(RowFormat.Text, RowFile.Read(folder.Write("t.parquet", ParquetSample.Table(["text"], [["a\nb"]]))).Format);

    [Fact]
    public void Columns_that_are_no_texts_are_left_out()
    {
        var fields = new DataField[] { new DataField<string>("prompt", nullable: true), new DataField<string>("completion", nullable: true), new DataField<byte[]>("image", nullable: true), new DataField<decimal>("price", nullable: true) };
        var path = folder.Write("wide.parquet", ParquetSample.Bytes(new ParquetSchema(fields), CompressionMethod.Snappy, g =>
        {
            g.Writer.WriteAsync(fields[0], ["p"]).GetAwaiter().GetResult();
            g.Writer.WriteAsync(fields[1], ["c"]).GetAwaiter().GetResult();
            g.Writer.WriteAsync(fields[2], [new byte[] { 255, 0 }]).GetAwaiter().GetResult();
            g.Writer.WriteAsync<decimal>(fields[3], new decimal?[] { 1.5m }).GetAwaiter().GetResult();
        }, [0]));
        Assert.Equal("c", RowFile.Read(path).Rows.Single().Response);
    }

    [Fact]
    public void What_is_wrong_with_a_row_is_told_with_its_number()
    {
        var path = folder.Write("bad.parquet", ParquetSample.Table(["prompt", "completion"], [["a", "b"], ["c", null], ["d", "e"], [null, " "]], rowsPerGroup: 2));
        Assert.Equal(
            [$"{path}:row 2: completion: must be a string, not null.", $"{path}:row 4: prompt: must be a string, not null."],
            Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems);
        var kept = RowFile.Read(path, new RowReading { MostSkipped = 0.5 });
        Assert.Equal([1, 3], kept.Rows.Select(r => r.Place.Row!.Value));
        Assert.Equal([2, 4], kept.Quarantined.Select(q => q.Row!.Value));
    }

    [Fact]
    public void An_empty_list_and_a_bad_turn_are_told()
    {
        var path = folder.Write("lists.parquet", ParquetSample.Chats([[], [("user", "a"), ("assistant", "b")], [("user", "a"), ("robot", "b")]]));
        var told = Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems;
        Assert.Contains(told, p => p.StartsWith($"{path}:row 1: ", StringComparison.Ordinal) && p.Contains("does not end with the assistant"));
        Assert.Contains(told, p => p.StartsWith($"{path}:row 3: messages[1].role: 'robot' is unknown", StringComparison.Ordinal));
        Assert.DoesNotContain(told, p => p.Contains("row 2"));
    }

    [Fact]
    public void Parquet_in_gzip_is_refused_with_what_to_do() =>
        Assert.Contains("unpack it", Assert.Throws<UserFaultException>(() => RowFile.Read("rows.parquet.gz")).Message);

    private static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "Parquet", $"{name}.parquet");
}
