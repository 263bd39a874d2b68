using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Domain.DataGate;
using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Pipeline.Data.Gate;

/// <summary>What was read in a training row, as <c>data-gate.jsonl</c> keeps it: where it is, its hash and the readings; never its text.</summary>
/// <param name="Sha256">Of the conversation (<see cref="RowSet.Sha256"/> says how), lower-case hex.</param>
/// <param name="Judges">Names of the judges that read it.</param>
/// <param name="Verdict">On the answer to the riskiest of its requests.</param>
public sealed record ReadRow(string Row, string Sha256, string Judges, double Unsafe, string Category, Verdict Verdict, double? Toxicity, double? Similarity)
{
    /// <summary>Why it is flagged; empty where it is not.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    private static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() }, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal RowRisk Risk => new(Unsafe, Category, Verdict != Verdict.Refused, Toxicity, Similarity);

    internal static byte[] Write(IEnumerable<ReadRow> rows) => Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => JsonSerializer.Serialize(r, Line) + "\n")));

    internal static IReadOnlyList<ReadRow> Read(ReadOnlySpan<byte> lines) =>
        [.. Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<ReadRow>(l, Line)!)];
}
