using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Data;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

/// <summary>Bad files, each with exactly the places and reasons that it must be refused for.</summary>
public sealed class BadRowTests : IDisposable
{
    private const string Good = """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""";
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>A bad row, and what is said of it: one sentence each.</summary>
    public static TheoryData<string, string[]> Messages => new()
    {
        { """{"messages":[""", ["not valid JSON at byte 14"] },
        { "no json", ["not valid JSON at byte 2"] },
        { Good + Good, ["not valid JSON"] },
        { "", ["the line is empty: remove it."] },
        { " \t", ["the line is empty: remove it."] },
        { "null", ["the row is null, not an object."] },
        { "\"text\"", ["the row is a string, not an object."] },
        { "[" + Good + "]", ["the row is a list, not an object: a list of rows belongs in a .json file."] },
        { "{}", ["messages is missing; there is no field."] },
        { """{"prompt":"a","completion":"b"}""", ["messages is missing; there is 'prompt', 'completion'."] },
        { """{"messages":null}""", ["messages: must be a list of {role, content}, not null."] },
        { """{"messages":[]}""", ["the conversation does not end with the assistant"] },
        { """{"messages":[7,"x"]}""", ["messages[0]: must be an object with role and content, not a number.", "messages[1]: must be an object with role and content, not a string."] },
        { """{"messages":[{"role":"user"},{"content":"b"}]}""", ["messages[0].content is missing; there is 'role'.", "messages[1].role is missing; there is 'content'."] },
        { """{"messages":[{"role":1,"content":"a"},{"role":"assistant","content":["b"]}]}""", ["messages[0].role: must be a string, not a number.", "messages[1].content: must be a string, not a list."] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{}]}]}""", ["messages[1].content: must be a string, not null."] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"tool","content":"b"}]}""", ["messages[1].role: 'tool' is unknown: use assistant, system, user."] },
        { """{"messages":[{"role":"User","content":"a"},{"role":"assistant","content":"b"}]}""", ["messages[0].role: 'User' is unknown"] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":""}]}""", ["messages[1].content: the response is empty"] },
        { """{"messages":[{"role":"user","content":" \n"},{"role":"assistant","content":"\t"}]}""", ["messages[0].content: the text of the user is empty", "messages[1].content: the response is empty"] },
        { """{"messages":[{"role":"user","content":"a"}]}""", ["the conversation does not end with the assistant"] },
        { """{"messages":[{"role":"system","content":"a"}]}""", ["the conversation does not end with the assistant"] },
        { """{"messages":[{"role":"assistant","content":"b"}]}""", ["messages[0].role: the conversation begins with the assistant"] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", ["messages[1].role: two messages of the user in a row"] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"assistant","content":"b"}]}""", ["messages[1].role: a system message can only be the first"] },
        { """{"system":"s","messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", ["messages[0].role: a system message can only be the first"] },
        { """{"system":["s"],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", ["system: must be a string, not a list."] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0}]}""", ["messages[1].weight: turns can not be weighed"] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b\u0000\u001b"}]}""", ["messages[1].content: holds the control character U+0000 at character 2"] },
        { """{"messages":[{"role":"user","content":"\u009b2J"},{"role":"assistant","content":"b"}]}""", ["messages[0].content: holds the control character U+009B at character 1"] },
        { "{\"messages\":[{\"role\":\"user\",\"content\":\"a\u0001\"},{\"role\":\"assistant\",\"content\":\"b\"}]}", ["not valid JSON"] },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"\ud800"}]}""", ["a string holds half a surrogate pair"] },
        { """{"\udc00":1,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", ["a string holds half a surrogate pair"] },
        { """{"messages":[],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", ["not valid JSON"] },
        { """{"messages":[{"role":"user","content":"a","content":"x"},{"role":"assistant","content":"b"}]}""", ["not valid JSON"] },
    };

    public static TheoryData<RowFormat, string, string[]> OtherLayouts => new()
    {
        { RowFormat.Auto, """{"prompt":"a","chosen":"b","rejected":"c"}""", ["the row has no known layout; there is 'prompt', 'chosen', 'rejected'. Needed is"] },
        { RowFormat.PromptCompletion, """{"prompt":"a","chosen":"b"}""", ["the row is no prompt with its answer; there is 'prompt', 'chosen'."] },
        { RowFormat.Auto, """{"prompt":"a","completion":"b","answer":"c"}""", ["answer: is a text that prompt-completion rows of prompt and completion leave out"] },
        { RowFormat.Auto, """{"question":"a","answer":"b","context":"c"}""", ["context: is a text that"] },
        { RowFormat.PromptCompletion, """{"instruction":"a","output":"b","input":"c"}""", ["input: is a text that"] },
        { RowFormat.Auto, """{"instruction":"a","output":"b","history":[["x","y"]]}""", ["history: is a text that alpaca rows"] },
        { RowFormat.Auto, """{"prompt":["a"],"completion":7}""", ["prompt: must be a string, not a list.", "completion: must be a string, not a number."] },
        { RowFormat.Alpaca, """{"input":"c"}""", ["instruction is missing; there is 'input'.", "output is missing; there is 'input'."] },
        { RowFormat.Alpaca, """{"instruction":"","input":"c","output":"b"}""", ["instruction: the text of the user is empty"] },
        { RowFormat.Auto, """{"instruction":"a","input":7,"output":"b"}""", ["input: must be a string, not a number."] },
        { RowFormat.Auto, """{"conversations":[{"from":"gpt","value":"b"}]}""", ["conversations[0].from: the conversation begins with the assistant"] },
        { RowFormat.Auto, """{"conversations":[{"from":"human","value":"a"},{"from":"function_call","value":"b"}]}""", ["conversations[1].from: 'function_call' is unknown: use assistant, gpt, human, system, user."] },
        { RowFormat.ShareGpt, """{"conversations":[{"role":"user","content":"a"}]}""", ["conversations[0].from is missing", "conversations[0].value is missing"] },
        { RowFormat.Messages, """{"conversations":[]}""", ["messages is missing; there is 'conversations'."] },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_bad_row_among_good_ones_is_named_with_line_and_reason(string bad, string[] reasons)
    {
        var path = folder.Write("rows.jsonl", $"{Good}\n{bad}\n{Good}\n");
        Expect(reasons.Select(r => $"{path}:2: {r}"), () => RowFile.Read(path));
    }

    [Theory]
    [MemberData(nameof(OtherLayouts))]
    public void A_bad_row_of_every_layout_is_named(RowFormat format, string bad, string[] reasons)
    {
        var path = folder.Write("rows.jsonl", bad);
        Expect(reasons.Select(r => $"{path}:1: {r}"), () => RowFile.Read(path, format));
    }

    public static TheoryData<string, string, string[]> Files => new()
    {
        { "empty.jsonl", "", [": holds no rows"] },
        { "blank.jsonl", "\n \n\r\n", [": holds no rows"] },
        { "mark.jsonl", "\uFEFF", [": holds no rows"] },
        { "none.json", "[]", [": holds no rows"] },
        { "gaps.jsonl", $"\n{Good}\n\n \n{Good}\n\n\n", [":1: the line is empty", ":3: the line is empty", ":4: the line is empty"] },
        { "pretty.jsonl", "{\n \"messages\": []\n}", [":2: holds one JSON document over several lines"] },
        { "pretty.json", "{\n \"data\": []\n}", [":2: holds one JSON document over several lines"] },
        { "list.jsonl", "[\n" + Good + "\n]", [":2: holds one JSON document over several lines"] },
        { "mixed.jsonl", Good + "\n{\"prompt\":\"a\",\"completion\":\"b\"}\n" + Good, [":2: messages is missing"] },
        { "names.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"a\",\"response\":\"b\"}", [":2: completion is missing; there is 'prompt', 'response'.", ":2: response: is a text that"] },
        { "first.jsonl", "7\n{\"x\":1}\n" + Good + "\n{}", [":1: the row is a number", ":2: the row has no known layout", ":4: messages is missing"] },
        { "list.json", $"[\n{Good},\n7,\n{{\n\"a\":,\n}},\n{Good}]", [":3 (row 2): the row is a number, not an object.", ":5 (row 3): not valid JSON at byte 5"] },
        { "open.json", $"[{Good},\n{Good}", [":2 (row 2): the file ends before its list is closed"] },
        { "cut.json", $"[{Good},\n{Good[..20]}", [":2 (row 2): the file ends before its list is closed"] },
        { "quote.json", $"[{Good},\n\"{Good}]", [":2 (row 2): the file ends before its list is closed"] },
        { "commas.json", $"[,{Good},,{Good},]", [":1 (row 1): there is no row", ":1 (row 3): there is no row", ":1 (row 5): there is no row"] },
        { "brackets.json", $"[}},{Good},{{]}},{Good}]", [":1 (row 1): not valid JSON", ":1 (row 3): not valid JSON"] },
        { "after.json", $"[{Good}]\n[{Good}]", [":2: there is text after the end of the list"] },
        { "tail.json", $"[{Good}],\n", [":1: there is text after the end of the list"] },
        { "rows.xlsx", "prompt,completion", [": is not named as a data file: name it .jsonl"] },
        { "rows.gz", "", [": is not named as a data file: name it .jsonl"] },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_bad_file_is_refused_at_exactly_these_places(string name, string content, string[] expected)
    {
        var path = folder.Write(name, content);
        Expect(expected.Select(e => path + e), () => RowFile.Read(path));
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_named_by_line_and_position()
    {
        var latin = Good.Select(c => (byte)c).ToArray();
        latin[40] = 0xE9;
        var path = folder.Write("latin.jsonl", [.. Encoding.UTF8.GetBytes(Good), (byte)'\n', .. latin]);
        Expect([$"{path}:2: not UTF-8 text at byte 41 of the row"], () => RowFile.Read(path));
        foreach (var encoding in new Encoding[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, new UTF32Encoding(bigEndian: true, byteOrderMark: true) })
        {
            path = folder.Write("wide.jsonl", [.. encoding.GetPreamble(), .. encoding.GetBytes(Good)]);
            Expect([$"{path}:1: is UTF-16 or UTF-32 text"], () => RowFile.Read(path));
        }
    }

    [Fact]
    public void Packed_files_that_are_damaged_or_misnamed_are_refused()
    {
        var rows = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50_000).Select(i => Good.Replace("\"a\"", $"\"{i * 7919}\"") + "\n")));
        var packed = DataFolder.Pack(rows);
        var path = folder.File("cut.jsonl.gz");
        File.WriteAllBytes(path, packed[..(packed.Length / 2)]);
        Assert.Contains("is not a sound gzip file", Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems[^1]);
        File.WriteAllBytes(path, packed[..^8]);
        Assert.Contains("is not a sound gzip file", Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems[^1]);
        packed[packed.Length / 2] ^= 0x10;
        File.WriteAllBytes(path, packed);
        Assert.Contains("is not a sound gzip file", Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems[^1]);
        File.WriteAllText(path, Good);
        Expect([$"{path}:1: is not a sound gzip file"], () => RowFile.Read(path));
        File.WriteAllBytes(path, []);
        Expect([$"{path}:1: is not a sound gzip file"], () => RowFile.Read(path));
        // Whole rows only, but not all of them: the cut must be seen although every line is fine.
        File.WriteAllBytes(path, [.. DataFolder.Pack(rows), .. DataFolder.Pack(rows)[..30]]);
        Assert.Contains("is not a sound gzip file", Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems[^1]);
        path = folder.File("packed.jsonl");
        File.WriteAllBytes(path, DataFolder.Pack(rows));
        Expect([$"{path}:1: is packed with gzip: let its name end in .gz."], () => RowFile.Read(path));
    }

    [Fact]
    public void What_is_no_file_is_refused()
    {
        Expect([$"{folder.File("none.jsonl")}: does not exist"], () => RowFile.Read(folder.File("none.jsonl")));
        Expect([$"{folder.File("a/b.jsonl")}: does not exist"], () => RowFile.Read(folder.File("a/b.jsonl")));
        Directory.CreateDirectory(folder.File("folder.jsonl"));
        Expect([$"{folder.File("folder.jsonl")}: is a folder"], () => RowFile.Read(folder.File("folder.jsonl")));
        Expect(["a\0b.jsonl: "], () => RowFile.Read("a\0b.jsonl"));
        Expect([": is not named"], () => RowFile.Read(""));
    }

    [Fact]
    public void Rows_and_files_over_the_limits_are_named_and_reading_goes_on()
    {
        var limits = new RowLimits { RowBytes = 100 };
        var exact = Good.Replace("\"a\"", $"\"{new string('a', 100 - Good.Length + 1)}\"");
        var over = exact.Replace("\"aa", "\"aaa");
        Assert.Equal((100, 101), (exact.Length, over.Length));
        Assert.Equal(2, RowFile.Read(folder.Write("exact.jsonl", $"{exact}\n{exact}"), limits: limits).Rows.Count);
        var path = folder.Write("over.jsonl", $"{over}\n{Good}\n{over}\n{new string(' ', 200)}7");
        Expect(new[] { 1, 3, 4 }.Select(line => $"{path}:{line}: the row has more than 100 bytes"), () => RowFile.Read(path, limits: limits));
        path = folder.Write("over.json", $"[{Good},{over},{Good},{over}]");
        Expect(new[] { 2, 4 }.Select(row => $"{path}:1 (row {row}): the row has more than 100 bytes"), () => RowFile.Read(path, limits: limits));

        path = folder.Write("large.jsonl", $"7\n{Good}\n");
        Expect([$"{path}: has {Good.Length + 3} bytes, more than the 50 allowed"], () => RowFile.Read(path, limits: new RowLimits { FileBytes = 50 }));
        path = folder.Write("large.jsonl.gz", $"7\n{string.Concat(Enumerable.Repeat(Good + "\n", 1000))}");
        Expect([$"{path}:1: the row is a number", $"{path}:"], () => RowFile.Read(path, limits: new RowLimits { FileBytes = 70_000 }));
    }

    [Fact]
    public void Of_many_problems_the_first_fifty_are_listed_and_all_are_counted()
    {
        var path = folder.Write("many.jsonl", string.Concat(Enumerable.Range(0, 120).Select(i => (i % 2 == 0 ? Good : """{"messages":[{"role":"user"},{"role":"user","content":""}]}""") + "\n")));
        var problems = Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems;
        Assert.Equal(51, problems.Count);
        Assert.StartsWith($"{path}:2: ", problems[0]);
        Assert.Equal($"{path}: 60 problems in 60 rows; the first 50 are listed.", problems[50]);
    }

    [Fact]
    public void A_sentence_is_short_and_harmless_whatever_the_row_says()
    {
        var role = "\\u001b[2J" + new string('x', 5000);
        var names = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"{i}\\u0007\":1"));
        var path = folder.Write("loud.jsonl", $"{Good}\n{{\"messages\":[{{\"role\":\"{role}\",\"content\":\"a\"}}]}}\n{{{names}}}\n{{\"{role}\":1,\"{role}\":2}}");
        var fault = Assert.Throws<UserFaultException>(() => RowFile.Read(path));
        Assert.Equal(3, fault.Problems.Count);
        Assert.All(fault.Problems, p => Assert.InRange(p.Length, 1, path.Length + 300));
        Assert.All(fault.Problems, p => Assert.DoesNotContain(p, char.IsControl));
    }

    private static void Expect(IEnumerable<string> starts, Action read)
    {
        var problems = Assert.Throws<UserFaultException>(read).Problems;
        Assert.Equal(starts, problems.Zip(starts, (p, s) => p.StartsWith(s, StringComparison.Ordinal) ? s : p).Concat(problems.Skip(starts.Count())));
    }
}
