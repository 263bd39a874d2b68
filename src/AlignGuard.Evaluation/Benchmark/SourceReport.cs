namespace AlignGuard.Evaluation.Benchmark;

/// <summary>What came of one file.</summary>
/// <param name="Name">The file's name, with its folder's where a folder was given.</param>
/// <param name="Sha256">Of its bytes, lower-case hex.</param>
/// <param name="Format">Name of the importer.</param>
/// <param name="Use">How it was given.</param>
/// <param name="Rows">Rows of the file.</param>
/// <param name="Taken">Rows that became candidates.</param>
/// <param name="LeftOut">Reasons, in ordinal order, with how many rows each left out.</param>
/// <param name="Unmapped">The source's own categories that the table does not know, in ordinal order, with their unsafe rows; the prompt's words decided there.</param>
public sealed record SourceReport(
    string Name, string Sha256, string Format, SourceUse Use, int Rows, int Taken, IReadOnlyDictionary<string, int> LeftOut, IReadOnlyDictionary<string, int> Unmapped)
{
    /// <summary>In a sentence or two, for people: how many rows were taken, why others were not, and which categories the table does not know.</summary>
    public override string ToString() =>
        $"{Name}: {Format}, {Taken:N0} of {Rows:N0} rows taken{(LeftOut.Count == 0 ? "" : ": " + string.Join(", ", LeftOut.Select(l => $"{l.Value:N0} {l.Key}")))}."
        + (Unmapped.Count == 0 ? "" : $" The prompt's words decided for categories that the table does not know: {string.Join(", ", Unmapped.Select(u => $"{u.Key} ({u.Value:N0})"))}.");
}
