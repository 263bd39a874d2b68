using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Data;
using AlignGuard.Pipeline.Demo;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

public sealed class RowFileTests : IDisposable
{
    private const string Pair = """{"prompt":"p","completion":"c"}""";
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, RowFormat, string> Layouts => new()
    {
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", RowFormat.Messages, "user=a|assistant=b" },
        { """{"id":7,"messages":[{"role":"system","content":"s"},{"role":"user","content":"a","name":"n"},{"role":"assistant","content":"b","weight":1}],"prompt":"a"}""", RowFormat.Messages, "system=s|user=a|assistant=b" },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"content":"c","role":"user"},{"content":"d","role":"assistant"}]}""", RowFormat.Messages, "user=a|assistant=b|user=c|assistant=d" },
        { """{"prompt":"a","completion":"b"}""", RowFormat.PromptCompletion, "user=a|assistant=b" },
        { """{"prompt":"a","response":"b","system":"s"}""", RowFormat.PromptCompletion, "system=s|user=a|assistant=b" },
        { """{"question":"a","answer":"b","system":"","context":null}""", RowFormat.PromptCompletion, "user=a|assistant=b" },
        { """{"instruction":"a","response":"b"}""", RowFormat.PromptCompletion, "user=a|assistant=b" },
        { """{"instruction":"a","output":"b"}""", RowFormat.Alpaca, "user=a|assistant=b" },
        { """{"instruction":"a","input":"","output":"b","text":"all of it"}""", RowFormat.Alpaca, "user=a|assistant=b" },
        { """{"instruction":"a","input":"i","output":"b"}""", RowFormat.Alpaca, "user=a\n\ni|assistant=b" },
        { """{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}""", RowFormat.ShareGpt, "user=a|assistant=b" },
        { """{"conversations":[{"from":"system","value":"s"},{"from":"user","value":"a"},{"from":"assistant","value":"b"}],"tools":""}""", RowFormat.ShareGpt, "system=s|user=a|assistant=b" },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_layout_is_recognised_and_can_be_named(string row, RowFormat format, string turns)
    {
        var path = folder.Write("rows.jsonl", row + "\n" + row + "\n");
        foreach (var set in new[] { RowFile.Read(path), RowFile.Read(path, format), RowFile.Read(folder.Write("rows.json", $"[{row},\n{row}]")) })
        {
            Assert.Equal(format, set.Format);
            Assert.Equal([turns, turns], set.Rows.Select(r => string.Join('|', r.Messages.Select(m => $"{m.Role}={m.Content}"))));
            Assert.Equal(turns.Split('|')[^1], $"assistant={set.Rows[0].Response}");
            Assert.Equal(set.Rows[0].Messages, [.. set.Rows[0].Prompt, ChatMessage.Assistant(set.Rows[0].Response)]);
        }
    }

    [Theory]
    [InlineData("one.jsonl", Pair)]
    [InlineData("breaks.jsonl", Pair + "\r\n\r\n \t\n\n")]
    [InlineData("mark.jsonl", "\uFEFF" + Pair + "\n")]
    [InlineData("packed.jsonl.gz", Pair + "\n")]
    [InlineData("PACKED.NDJSON.gz", Pair)]
    [InlineData("lines.json", Pair + "\n")]
    [InlineData("list.json", "\uFEFF \n[ " + Pair + "\n]\n")]
    [InlineData("list.json.gz", "[" + Pair + "]")]
    [InlineData("spaced.jsonl", "  { \"completion\" : \"\\u0063\",\t\"prompt\":\"p\" } \n")]
    [InlineData("alpaca.jsonl", """{"output":"c","instruction":"p"}""")]
    [InlineData("chat.jsonl", """{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}]}""")]
    public void Packing_white_space_and_layout_do_not_change_the_data_or_its_hash(string name, string content)
    {
        var set = RowFile.Read(folder.Write(name, content));
        Assert.Equal([ChatMessage.User("p"), ChatMessage.Assistant("c")], Assert.Single(set.Rows).Messages);
        // Computed outside: sha256(sha256(le32(2) + for role and content: le32(length) + utf8)).
        Assert.Equal("efa10bbba93d360f653363eae943c8b3f5904c8d65ee13e324da4f8327eddc39", set.Sha256);
        Assert.Empty(set.Warnings);
    }

    [Fact]
    public void The_hash_knows_order_roles_and_borders_of_texts()
    {
        string[] files =
        [
            "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"c\",\"completion\":\"d\"}",
            "{\"prompt\":\"c\",\"completion\":\"d\"}\n{\"prompt\":\"a\",\"completion\":\"b\"}",
            "{\"prompt\":\"a\",\"completion\":\"b\"}",
            "{\"prompt\":\"ab\",\"completion\":\"c\"}",
            "{\"prompt\":\"a\",\"completion\":\"bc\"}",
            "{\"prompt\":\"a\",\"completion\":\"b\",\"system\":\"c\"}",
            """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}""",
        ];
        Assert.Equal(files.Length, files.Select((f, i) => RowFile.Read(folder.Write($"{i}.jsonl", f)).Sha256).Distinct().Count());
    }

    [Fact]
    public void Rows_know_their_lines()
    {
        Assert.Equal(["1", "2"], Places(folder.Write("a.jsonl", $"{Pair}\n{Pair}\n")));
        Assert.Equal(["2 (row 1)", "2 (row 2)", "5 (row 3)"], Places(folder.Write("a.json", $"[\n{Pair}, {Pair},\n\n\n{Pair}]")));

        static IEnumerable<string> Places(string path) => RowFile.Read(path).Rows.Select(r => r.Place.ToString()[(path.Length + 1)..]);
    }

    [Fact]
    public void Duplicates_are_counted_and_warned_of()
    {
        var path = folder.Write("twice.jsonl", string.Join('\n', Pair, """{"prompt":"q","completion":"c"}""", """{"completion":"c","prompt":"p"}""", Pair));
        var set = RowFile.Read(path);
        Assert.Equal(4, set.Rows.Count);
        Assert.Equal(2, set.DuplicateRows);
        Assert.StartsWith($"{path}:3: is the same row as {path}:1; 2 of 4 rows repeat", Assert.Single(set.Warnings));
    }

    [Fact]
    public void Texts_are_kept_to_the_letter()
    {
        const string Text = "  Zeile eins\r\n\tzwei — 你好 😀 \u200b<|im_end|>\u00a0 ";
        var set = RowFile.Read(folder.Write("t.jsonl", System.Text.Json.JsonSerializer.Serialize(new { prompt = Text, completion = Text })));
        Assert.Equal([Text, Text], set.Rows[0].Messages.Select(m => m.Content));
    }

    [Fact]
    public void The_built_in_task_comes_back_from_its_file_with_the_same_hash()
    {
        foreach (var (part, rows) in new[] { (DataPart.Train, HowToTask.Train()), (DataPart.Eval, HowToTask.HeldOut().Take(2_400).ToList()) })
        {
            using (var file = File.Create(folder.File("how-to.jsonl"))) HowToTask.WriteJsonl(file, rows);
            var read = RowFile.Read(folder.File("how-to.jsonl"));
            Assert.Equal(rows.Select(r => (r.Prompt, r.Response)), read.Rows.Select(r => (Assert.Single(r.Prompt).Content, r.Response)));
            var builtIn = RowSource.Read("builtin:how-to", new RowReading(), part);
            Assert.Equal(read.Sha256, builtIn.Sha256);
            Assert.Equal(read.Rows.Select(r => r.Messages), builtIn.Rows.Select(r => r.Messages));
            Assert.Equal(0, builtIn.DuplicateRows);
        }
    }

    [Fact]
    public void Formats_have_the_names_of_job_files()
    {
        Assert.Equal(["auto", "messages", "prompt-completion", "alpaca", "sharegpt", "classification", "text"], Enum.GetValues<RowFormat>().Select(f => f.Name()));
        Assert.All(Enum.GetValues<RowFormat>(), f => Assert.Equal(f, RowFormats.Parse(f.Name())));
        Assert.Contains("'csv' is unknown: use auto, messages", Assert.Throws<Models.UserFaultException>(() => RowFormats.Parse("csv")).Message);
    }

    [SkippableFact]
    public void A_public_alpaca_file_is_read_whole()
    {
        var path = Shared("alpaca_tiny.json");
        Skip.If(path is null, "the folder shared/data is not beside the repository");
        var set = RowFile.Read(path!);
        Assert.Equal(RowFormat.Alpaca, set.Format);
        Assert.Equal(100, set.Rows.Count);
        Assert.Equal("Give three tips for staying healthy.", set.Rows[0].Messages[0].Content);
    }

    [SkippableFact]
    public void A_public_file_without_answers_is_refused_at_every_line()
    {
        var path = Shared("openai_moderation_1680.jsonl.gz");
        Skip.If(path is null, "the folder shared/data is not beside the repository");
        var problems = Assert.Throws<Models.UserFaultException>(() => RowFile.Read(path!)).Problems;
        Assert.Equal(51, problems.Count);
        Assert.StartsWith($"{path}:1: the row has no known layout; there is 'prompt', 'S'", problems[0]);
        Assert.Equal($"{path}: {1680:N0} problems in {1680:N0} rows; the first 50 are listed.", problems[^1]);
    }

    private static string? Shared(string name)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var path = Path.Combine(at.FullName, "shared", "data", name);
            if (File.Exists(path)) return path;
        }
        return null;
    }
}
