using System.Text.RegularExpressions;

namespace AlignGuard.Pipeline.Data;

/// <summary>CoLA's files, the only ones of GLUE whose columns have no names: source, label, the author's mark (* or nothing), sentence.</summary>
internal static partial class ColaColumns
{
    public static readonly string[] All = ["source", "label", "mark", "sentence"];

    /// <summary>Of them, those that are not read.</summary>
    public static readonly string[] Passed = ["source", "mark"];

    /// <summary>Whether a first line is a row already: a code such as gj04, 0 or 1, the mark, a sentence.</summary>
    public static bool Fit(IReadOnlyList<string> fields) =>
        fields is [var source, "0" or "1", "" or "*", { Length: > 0 }] && Code().IsMatch(source);

    [GeneratedRegex("^[A-Za-z_&-]+[0-9]{2}$")]
    private static partial Regex Code();
}
