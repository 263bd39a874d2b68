using System.Text.RegularExpressions;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>One benchmark: its file, its wording, its metrics.</summary>
public sealed partial record BenchmarkTask
{
    public required string Name { get; init; }

    /// <summary>Counts changes of wording, choices or metrics: results of different versions are not to be compared.</summary>
    public int Version { get; init; } = 1;

    /// <summary>What the official file is, for people.</summary>
    public required string File { get; init; }

    /// <summary>The wording: <c>{name}</c> stands for a field of the item.</summary>
    public required string Prompt { get; init; }

    /// <summary>What the model chooses from, or what it writes, for people.</summary>
    public required string Answers { get; init; }

    /// <summary>The first is the one the task is reported by.</summary>
    public required IReadOnlyList<BenchmarkMetric> Metrics { get; init; }

    /// <summary>Stands before the exemplars and the question; <c>{subject}</c> is the item's.</summary>
    public string Preamble { get; init; } = "";

    /// <summary>A written answer ends with its first line.</summary>
    public bool OneLine { get; init; }

    public required RowLayout Layout { get; init; }

    /// <summary>The items of a row of a file, given the file's name without its ending.</summary>
    public required Func<BenchmarkTask, FieldRow, string, IEnumerable<BenchmarkItem>> Items { get; init; }

    /// <summary>The prompt with its fields filled in; braces within the values stay what they are.</summary>
    internal string Fill(params (string Name, string Value)[] fields) => Fill(Prompt, fields);

    internal static string Fill(string template, params (string Name, string Value)[] fields) =>
        Place().Replace(template, match => fields.Single(f => f.Name == match.Groups[1].Value).Value);

    [GeneratedRegex(@"\{(\w+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Place();
}
