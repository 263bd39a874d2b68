using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Classifier;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data.Gate;

/// <summary>Reads training rows as DriftCheck reads answers, with the same judges; what they ask is read by the classifier of requests.</summary>
/// <param name="alignment">Prompts that the alignment is estimated from.</param>
internal sealed class RowReader(JudgePanel judges, IReadOnlyList<Prompt> alignment)
{
    private const int Chunk = 512;

    private readonly string names = $"{string.Join(", ", judges.Names)}; requests {BuiltInClassifiers.Default.Version}; alignment {PromptSet.Sha256(alignment)[..12]}";
    private readonly WordSimilarity? similarity = alignment.Count == 0 ? null : new WordSimilarity(alignment);

    /// <param name="known">Rows read before, by the same judges or others.</param>
    /// <returns>A reading for each row, in their order.</returns>
    public async Task<IReadOnlyList<ReadRow>> ReadAsync(IReadOnlyList<DataRow> rows, IReadOnlyList<ReadRow> known, Action<int> progress, CancellationToken cancellation)
    {
        var before = known.Where(k => k.Judges == names).DistinctBy(k => k.Sha256).ToDictionary(k => k.Sha256);
        var read = new List<ReadRow>(rows.Count);
        foreach (var chunk in rows.Chunk(Chunk))
        {
            cancellation.ThrowIfCancellationRequested();
            var hashed = chunk.Select(row => (Row: row, Sha256: Convert.ToHexStringLower(RowSetBuilder.Digest(row.Messages)))).ToList();
            var fresh = hashed.Where(h => !before.ContainsKey(h.Sha256)).DistinctBy(h => h.Sha256).ToList();
            foreach (var (row, reading) in fresh.Zip(await ReadAsync(fresh, cancellation))) before[row.Sha256] = reading;
            read.AddRange(hashed.Select(h => before[h.Sha256] with { Row = $"{h.Row.Place}" }));
            progress(read.Count);
        }
        return read;
    }

    private async Task<IReadOnlyList<ReadRow>> ReadAsync(List<(DataRow Row, string Sha256)> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0) return [];
        var turns = rows.SelectMany((row, n) => Exchanges(row.Row).Select(e => (Row: n, e.Request, e.Answer))).ToList();
        var requests = RequestClassifier.Read([.. turns.Select(t => t.Request)]);
        var prompts = turns.Select((t, n) => new Prompt($"{n}", t.Request, requests[n].Category, requests[n].Unsafe >= 0.5, "", "", -1)).ToList();
        var answers = await judges.ReadAsync(prompts, [.. turns.Select(t => t.Answer)], cancellation);
        return [.. rows.Select((row, n) =>
        {
            var mine = Enumerable.Range(0, turns.Count).Where(t => turns[t].Row == n).ToList();
            // A request that is answered says more than any that is refused.
            var riskiest = mine.OrderByDescending(t => answers[t].Verdict != Verdict.Refused).ThenByDescending(t => requests[t].Unsafe).First();
            return new ReadRow("", row.Sha256, names, Math.Round(requests[riskiest].Unsafe, 4), requests[riskiest].Category, answers[riskiest].Verdict,
                answers[riskiest].Toxicity is null ? null : Math.Round(mine.Max(t => answers[t].Toxicity!.Value), 4), similarity is null ? null : Math.Round(mine.Max(t => similarity.Nearest(turns[t].Request)), 4));
        })];
    }

    /// <summary>Each of the assistant's turns with what the user said before it. Text that nobody asks for, as in rows of plain text, may hold request and answer both, and is read as either.</summary>
    private static IEnumerable<(string Request, string Answer)> Exchanges(DataRow row)
    {
        for (var i = 0; i < row.Messages.Count; i++)
        {
            if (row.Messages[i].Role is ChatMessage.UserRole or ChatMessage.SystemRole) continue;
            yield return (i > 0 && row.Messages[i - 1].Role == ChatMessage.UserRole ? row.Messages[i - 1].Content : row.Messages[i].Content, row.Messages[i].Content);
        }
    }
}
