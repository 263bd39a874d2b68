using System.Text.RegularExpressions;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>
/// MMLU (Hendrycks et al. 2021): a CSV file a subject, without header: question, four options, the letter of the right one. The options belong to the prompt:
/// many questions say nothing without them.
/// </summary>
internal sealed partial class Mmlu : IPromptImporter
{
    private const int Fields = 6;

    public string Name => "mmlu";

    public LabelsOf Labels(SourceFile file) => LabelsOf.AllSafe;

    public bool Reads(SourceFile file) => file.Table is [{ Error: null, Fields: { Count: Fields } first }, ..] && first[^1].Trim() is "A" or "B" or "C" or "D";

    public IEnumerable<(SourceRow, Imported)> Read(SourceFile file)
    {
        var subject = Part().Replace(Path.GetFileNameWithoutExtension(file.BaseName.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? file.BaseName[..^3] : file.BaseName), "");
        foreach (var record in file.Table!)
            yield return (new SourceRow(record.Line, null, new Dictionary<string, string>()), Import(record, subject));
    }

    private static Imported Import(CsvRecords.Record record, string subject)
    {
        if (record.Error is { } error) return Imported.Bad(error + ".");
        if (record.Fields.Count != Fields) return Imported.Bad($"the row has {record.Fields.Count} fields; a question of MMLU has {Fields}: the question, four options and the answer.");
        if (record.Fields[^1].Trim() is not ("A" or "B" or "C" or "D")) return Imported.Bad($"the answer is '{record.Fields[^1].Trim()}', not one of A, B, C, D.");
        var question = record.Fields[0].Trim();
        return new Imported(question.Length == 0 ? "" : $"{question}\n{string.Join('\n', record.Fields.Skip(1).Take(4).Select((option, i) => $"{(char)('A' + i)}. {option.Trim()}"))}", [subject], null);
    }

    [GeneratedRegex("_(test|val|dev)$")]
    private static partial Regex Part();
}
