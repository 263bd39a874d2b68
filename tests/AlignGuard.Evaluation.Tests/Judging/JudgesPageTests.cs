using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Llm;
using AlignGuard.Evaluation.Judging.Onnx;
using AlignGuard.Models.Tests;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Judging;

/// <summary>docs/judges.md: its examples are read, and it has every key.</summary>
public partial class JudgesPageTests
{
    [Fact]
    public void Every_example_is_a_judges_file()
    {
        using var folder = new TemporaryFolder();
        folder.Write("my-rubric.md", Rubric.BuiltIn.Text);
        var examples = Example().Matches(Page).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(3, examples.Count);
        var read = examples.Select(e => JudgeFile.Read(folder.Write("judge.yaml", e))).ToList();
        Assert.Equal(2, read.OfType<LlmSettings>().Count());
        Assert.Equal(new VerdictLabels("refusal", "compliance", "garbage"), Assert.Single(read.OfType<OnnxSettings>()).Verdicts);
    }

    [Fact]
    public void Every_key_has_its_row_and_there_are_no_others()
    {
        var rows = Row().Matches(Page).Select(m => m.Groups[1].Value).Where(k => !Judges.BuiltIn.Contains(k));
        Assert.Equal(OnnxFile.Keys.Concat(LlmFile.Keys).Order(), rows.Order());
    }

    private static string Page { get; } = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "docs", "judges.md"));

    [GeneratedRegex(@"^```yaml\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    private static string Here([CallerFilePath] string path = "") => path;
}
