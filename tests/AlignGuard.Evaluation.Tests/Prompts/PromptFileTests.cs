using AlignGuard.Models.Tests;
using System.Text;
using AlignGuard.Evaluation.Prompts;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Prompts;

public sealed class PromptFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("prompt-file").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PromptFile.Loaded Load(string name, string content, bool unsafeByDefault = true) => Load(name, Encoding.UTF8.GetBytes(content), unsafeByDefault);

    private PromptFile.Loaded Load(string name, byte[] content, bool unsafeByDefault = true)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return PromptFile.Load(path, unsafeByDefault);
    }

    [Fact]
    public void Jsonl_rows_are_read_whichever_names_they_use()
    {
        var loaded = Load("p.jsonl", """
            {"prompt":"one","category":"hate","label":"unsafe","id":"q1"}
            {"Goal":"two","unsafe":false}
            {"text":"three\nlines","category":null,"label":1,"extra":{"a":[1]}}
            {"question":" four "}

            """);
        Assert.Empty(loaded.Errors);
        Assert.Equal(
            [
                new Prompt("q1", "one", "hate", true, "", "", -1),
                new Prompt("p.jsonl:2", "two", "uncategorised", false, "", "", -1),
                new Prompt("p.jsonl:3", "three\nlines", "uncategorised", true, "", "", -1),
                new Prompt("p.jsonl:4", "four", "uncategorised", true, "", "", -1),
            ],
            loaded.Prompts);
    }

    [Fact]
    public void Csv_fields_may_hold_commas_quotes_and_line_breaks()
    {
        var loaded = Load("p.csv", "\uFEFFGoal,Category,label\r\n\"say \"\"hi\"\", now\",a,safe\r\n\"two\r\nlines\",b,harmful\r\nplain,,\r\n");
        Assert.Empty(loaded.Errors);
        Assert.Equal(["say \"hi\", now", "two\nlines", "plain"], loaded.Prompts.Select(p => p.Text));
        Assert.Equal([false, true, true], loaded.Prompts.Select(p => p.Unsafe));
        Assert.Equal(["a", "b", "uncategorised"], loaded.Prompts.Select(p => p.Category));
        Assert.Equal("p.csv:4", Load("p.csv", "text\n\"a\nb\"\nc").Prompts[1].Id);
    }

    [Fact]
    public void Text_has_a_prompt_a_line_and_blank_lines_do_not_count()
    {
        var loaded = Load("p.txt", "one, two\r\n\r\nthree\n", unsafeByDefault: false);
        Assert.Equal([("p.txt:1", "one, two", false), ("p.txt:3", "three", false)], loaded.Prompts.Select(p => (p.Id, p.Text, p.Unsafe)));
    }

    [Fact]
    public void All_errors_of_a_file_are_reported_at_once_with_their_lines()
    {
        var loaded = Load("bad.jsonl", """
            {"prompt":"fine"}
            {"prompt":"unclosed
            ["a"]

            {"words":"x","more":1}
            {"prompt":"  "}
            {"prompt":"x","label":"maybe"}
            {"prompt":5}
            {"prompt":"\ud800"}
            {"prompt":null}
            """);
        Assert.Single(loaded.Prompts);
        var path = Path.Combine(_folder, "bad.jsonl");
        Assert.Equal(Enumerable.Range(2, 9).Select(line => $"{path}:{line}:"), loaded.Errors.Select(e => e[..(e.IndexOf(' ') == -1 ? 0 : e.IndexOf(": ", StringComparison.Ordinal) + 1)]));
        string[] expected = ["not valid JSON", "Array, not an object", "empty; remove it", "the row has words, more", "'prompt' is empty", "'maybe' in 'label'", "Number, not a string", "not valid Unicode", "there is no field"];
        Assert.All(expected.Zip(loaded.Errors), pair => Assert.Contains(pair.First, pair.Second));
    }

    [Theory]
    [InlineData("a.csv", "text,label\nx\n", "a.csv:2: the row has 1 fields and the header 2")]
    [InlineData("b.csv", "text\n\"open\n\n", "b.csv:2: a quoted field is never closed")]
    [InlineData("c.csv", "text,label\n\"a\"b,1\nok,1\n", "c.csv:2: there is text behind a closing quote")]
    [InlineData("d.csv", "a,b\n1,2\n", "d.csv:1: the header has no column prompt")]
    [InlineData("e.csv", "text,label\n\nx,1\n", "e.csv:2: the line is empty")]
    [InlineData("f.csv", "", "f.csv: the file holds no prompts")]
    [InlineData("g.txt", "\n \n", "g.txt: the file holds no prompts")]
    [InlineData("h.jsonl", "", "h.jsonl: the file holds no prompts")]
    [InlineData("i.parquet", "PAR1", "i.parquet: '.parquet' is not a kind of prompt file")]
    public void A_bad_file_is_named_with_its_line_and_its_fault(string name, string content, string error) =>
        Assert.Contains(error, Assert.Single(Load(name, content).Errors));

    [Fact]
    public void Reading_goes_on_behind_a_bad_csv_row() => Assert.Equal("ok", Assert.Single(Load("c.csv", "text,label\n\"a\"b,1\nok,1\n").Prompts).Text);

    [Fact]
    public void A_file_that_is_absent_or_not_utf_8_is_an_error_and_not_an_exception()
    {
        Assert.Contains("cannot be read", Assert.Single(PromptFile.Load(Path.Combine(_folder, "none.txt")).Errors));
        Assert.Contains("cannot be read", Assert.Single(PromptFile.Load(_folder).Errors));
        Assert.Contains("not UTF-8", Assert.Single(Load("latin.txt", [0x63, 0x61, 0x66, 0xE9]).Errors));
    }

    [SkippableTheory]
    [InlineData("advbench.csv", 520)]
    [InlineData("harmbench_val.csv", 80)]
    [InlineData("jailbreakbench.csv", 100)]
    [InlineData("malicious_instruct.txt", 100)]
    public void Public_benchmarks_are_read_whole_and_do_not_overlap_drift_check(string file, int count)
    {
        var folder = SharedFolder.Get("data");
        var loaded = PromptFile.Load(Path.Combine(folder!, file));
        Assert.Empty(loaded.Errors);
        Assert.Equal(count, loaded.Prompts.Count);
        Assert.Empty(PromptSet.Overlap(loaded.Prompts, PromptBank.DriftCheck()));
    }
}
