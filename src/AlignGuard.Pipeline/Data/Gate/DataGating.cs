using AlignGuard.Domain.DataGate;
using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data.Gate;

/// <summary>The training rows that are left, and what was found in all of them.</summary>
/// <param name="Read">Of every row that was looked at, in order; empty where none was.</param>
/// <param name="Verdict">Null where none was looked at.</param>
public sealed record GatedRows(TrainingData Rows, IReadOnlyList<ReadRow> Read, DataVerdict? Verdict, string? Sentence)
{
    public static GatedRows Unread(TrainingData rows) => new(rows, [], null, null);
}

/// <summary>The data gate: training rows are read, and let through, told of, left out or refused, before a device is used.</summary>
public static class DataGating
{
    // Of the rows that refuse a job so many are named; data that a person looks through by hand need no more.
    private const int Named = 20;

    /// <param name="known">Readings of earlier attempts at the run.</param>
    /// <param name="refused">Keeps the readings of rows that refuse the job, and says where.</param>
    /// <exception cref="UserFaultException">The job is refused, or no row is left.</exception>
    public static async Task<GatedRows> ThroughAsync(JobSpec spec, TrainingData train, ConversationFormat chat, JudgePanel judges, IReadOnlyList<Prompt> alignment, IReadOnlyList<ReadRow> known, Func<IReadOnlyList<ReadRow>, Task<string>> refused, Action<int, int> progress, CancellationToken cancellation)
    {
        if (spec.DataGate.OnFlagged.IsOff) return GatedRows.Unread(train);
        var rows = train.Texts.Rows;
        var read = await new RowReader(judges, alignment).ReadAsync(rows, known, done => progress(done, rows.Count), cancellation);
        var verdict = DataGate.Decide(spec.DataGate, [.. read.Select(r => r.Risk)]);
        read = [.. read.Select((r, n) => r with { Flags = [.. verdict.Flags[n].Select(f => $"{f}")] })];
        var sentence = DataGate.Sentence(spec.DataGate, verdict);
        var left = verdict.LeftOut.Any(o => !o);
        if (verdict.Refused || !left)
            throw new UserFaultException([$"data.train: {sentence}{(left ? "" : " None is left to train on.")} What was read in every row stands in {await refused(read)} of the store.",
                .. read.Where(r => r.Flags.Count > 0).Take(Named).Select(r => $"{r.Row}: {string.Join(", ", r.Flags)} (sha-256 {r.Sha256[..12]})")]);
        return new GatedRows(verdict.LeftOut.Any(o => o) ? Without(spec, train, chat, read, verdict) : train, read, verdict, sentence is null ? null : $"data.train: {sentence}");
    }

    private static TrainingData Without(JobSpec spec, TrainingData train, ConversationFormat chat, IReadOnlyList<ReadRow> read, DataVerdict verdict)
    {
        var unfit = new Dictionary<DataRow, IReadOnlyList<string>>(ReferenceEqualityComparer.Instance);
        foreach (var (n, row) in train.Texts.Rows.Index())
            if (verdict.LeftOut[n]) unfit[row] = read[n].Flags;
        return TrainingData.Tokenise(TrainingData.Without(train.Texts, unfit), chat, spec.Train.SeqLen);
    }
}
