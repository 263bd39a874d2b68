using System.Reflection;
using System.Text.RegularExpressions;
using AlignGuard.Models;
using AlignGuard.Pipeline.Data;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

/// <summary>docs/data.md shows rows and what they are read as: each is read.</summary>
public sealed partial class DataPageTests : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static string Page { get; } = File.ReadAllText(Path.Combine(
        typeof(DataPageTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!, "docs", "data.md"));

    /// <summary>The layout in whose section it stands (none for what is refused), its file's extension, its content, and what is said of it.</summary>
    public static TheoryData<string?, string, string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string?, string, string, string>();
            foreach (Match example in Example().Matches(Page))
            {
                var heading = Heading().Matches(Page[..example.Index])[^1].Groups[1].Value;
                examples.Add(heading.Contains('`') ? heading.Trim('`') : null, example.Groups[1].Value, example.Groups[2].Value, example.Groups[3].Value);
            }
            return examples;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_is_read_or_refused_as_the_page_says(string? layout, string extension, string content, string said)
    {
        var path = folder.Write($"example.{extension}", content);
        if (said.StartsWith(':'))
        {
            Assert.Null(layout);
            Assert.StartsWith($"{path}{said}", Assert.Single(Assert.Throws<UserFaultException>(() => RowFile.Read(path)).Problems));
            return;
        }
        var set = RowFile.Read(path);
        Assert.Equal(layout, set.Format.Name());
        Assert.Equal(said.Replace("\\n", "\n"), string.Join('|', Assert.Single(set.Rows).Messages.Select(m => $"{m.Role}={m.Content}")));
    }

    /// <summary>Else a layout, a kind of file or an example that is not understood would go unnoticed.</summary>
    [Fact]
    public void Every_layout_and_every_block_of_the_page_is_an_example()
    {
        Assert.Equal(Regex.Count(Page, "^```[a-z]", RegexOptions.Multiline), Examples.Count);
        var shown = Heading().Matches(Page).Select(m => m.Groups[1].Value.Trim('`')).ToList();
        Assert.All(Enum.GetValues<RowFormat>().Where(f => f != RowFormat.Auto), f => Assert.Contains(f.Name(), shown));
        var fault = Assert.Throws<UserFaultException>(() => RowFile.Read("rows.unknown")).Message;
        Assert.All(Regex.Matches(fault, @"\.(jsonl|json|csv|tsv|txt|parquet)\b").Select(m => m.Value), kind => Assert.Contains($"| `{kind}`", Page));
    }

    [GeneratedRegex(@"^```([a-z]+)\n(.*?)^```\n\n(?:Read as|Refused:) `([^\n]*)`$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^##+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
