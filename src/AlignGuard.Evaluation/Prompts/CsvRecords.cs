using System.Text;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>The records of a text with commas (RFC 4180), all at once.</summary>
internal static class CsvRecords
{
    /// <param name="Line">The line the record begins on, from 1.</param>
    /// <param name="Error">What is malformed, without a full stop; or null.</param>
    internal sealed record Record(int Line, IReadOnlyList<string> Fields, string? Error);

    /// <summary>The records of a text. A record with an error ends at its line; reading goes on with the next.</summary>
    public static IReadOnlyList<Record> Read(string text)
    {
        var (bytes, at) = (Encoding.UTF8.GetBytes(text.Replace("\r\n", "\n", StringComparison.Ordinal)), 0);
        return [.. new DelimitedRecords(() => at < bytes.Length ? bytes[at++] : -1, ',', quoted: true, limit: int.MaxValue).Read()];
    }
}
