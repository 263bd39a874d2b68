using System.Text;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Data;

/// <summary>What is wrong with the rows of a source: the first <see cref="Shown"/> sentences, and how many there are in all.</summary>
internal sealed class RowProblems(string source)
{
    public const int Shown = 50;

    private readonly List<string> sentences = [];
    private readonly List<string> latest = [];
    private long count;
    private long rows;
    private RowPlace last;

    public long Count => count;

    /// <summary>Rows that something is wrong with.</summary>
    public long Rows => rows;

    public IReadOnlyList<string> Sentences =>
        count <= Shown ? sentences : [.. sentences, $"{source}: {count:N0} problems in {rows:N0} rows; the first {Shown} are listed."];

    /// <summary>What was told after so many problems, as far as it is kept.</summary>
    public IReadOnlyList<string> Since(long before) => [.. latest.Skip((int)Math.Max(0, latest.Count - (count - before)))];

    /// <summary>Problems come in the order of the rows.</summary>
    public void Add(RowPlace place, string problem)
    {
        if (count++ < Shown) sentences.Add($"{place}: {problem}");
        if (place != last) latest.Clear();
        if (latest.Count < Shown) latest.Add(problem);
        if (place == last) return;
        last = place;
        rows++;
    }

    /// <exception cref="UserFaultException">Something was wrong.</exception>
    public void ThrowIfAny()
    {
        if (count > 0) throw new UserFaultException(Sentences);
    }

    /// <summary>A piece of the user's text in quotes, fit for a sentence.</summary>
    public static string Quote(string text) => $"'{Printable(text, 40)}'";

    /// <summary>The beginning of a text, on one line and harmless on a terminal.</summary>
    public static string Printable(string text, int length)
    {
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (shown.Length >= length) return $"{shown}…";
            if (Rune.IsControl(rune)) shown.Append('\uFFFD');
            else shown.Append(rune);
        }
        return shown.ToString();
    }
}
