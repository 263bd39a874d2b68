using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>Where a row was read.</summary>
/// <param name="Source">The file as it was named, or the name of a built-in set.</param>
/// <param name="Line">The row's first line, from 1; for a built-in set the number of the row. 0: the file has no lines, or its place is the source as a whole.</param>
/// <param name="Row">Number of the row in a JSON array or in a Parquet file, from 1; null where a row is a line.</param>
public readonly record struct RowPlace(string Source, int Line = 0, int? Row = null)
{
    /// <summary><c>file:line</c>, and <c>(row n)</c> for a JSON array; <c>file:row n</c> where there are no lines.</summary>
    public override string ToString() => (Line, Row) switch
    {
        (0, null) => Source,
        (0, { } row) => $"{Source}:row {row}",
        (_, null) => $"{Source}:{Line}",
        (_, { } row) => $"{Source}:{Line} (row {row})",
    };
}

/// <summary>A conversation to learn: perhaps a system message, then user and assistant in turn, the assistant last.</summary>
public sealed record DataRow(RowPlace Place, IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>All before the last answer.</summary>
    public IReadOnlyList<ChatMessage> Prompt => [.. Messages.Take(Messages.Count - 1)];

    /// <summary>The last answer.</summary>
    public string Response => Messages[^1].Content;
}

/// <summary>The rows of one source, all of them sound.</summary>
/// <param name="Source">The file as it was named, or the name of a built-in set.</param>
/// <param name="Format">The layout that was found; never <see cref="RowFormat.Auto"/>.</param>
/// <param name="Rows">At least one, in the order of the source.</param>
/// <param name="Sha256">
/// Lower-case hex, of the conversations in their order, whatever the file's layout, white space and compression: SHA-256 of the rows'
/// SHA-256s, each of the number of messages and, for every message, role and content as UTF-8 behind its length (32 bits, little endian).
/// </param>
/// <param name="DuplicateRows">Rows equal to an earlier one.</param>
/// <param name="Warnings">One sentence for each thing that is allowed but worth a look.</param>
public sealed record RowSet(
    string Source, RowFormat Format, IReadOnlyList<DataRow> Rows, string Sha256, int DuplicateRows, IReadOnlyList<string> Warnings)
{
    /// <summary>Rows that were left out because they cannot be used.</summary>
    public IReadOnlyList<QuarantinedRow> Quarantined { get; init; } = [];
}
