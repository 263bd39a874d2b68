using System.IO.Compression;
using System.Text;
using AlignGuard.Domain.Sweeps;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// A sweep as far as it decides what comes next, small enough for a message. Its state is a matter of all its cells, so it is read from the log by an activity for every history instead of being carried:
/// events without figures and labels, which decide nothing, one after the other, compressed.
/// </summary>
public static class SweepPack
{
    public static string Events(IEnumerable<SweepEvent> log)
    {
        var progress = new Dictionary<int, SweepEvent>();
        var kept = new List<SweepEvent>();
        foreach (var happened in log)
        {
            if (happened is SweepEvent.Progressed p) progress[p.Cell] = happened;
            if (happened is SweepEvent.CellEnded e) progress.Remove(e.Cell);
        }
        foreach (var happened in log)
        {
            if (happened is SweepEvent.Started s) kept.Add(SweepEvent.NewStarted(Bare(s.Plan)));
            else if (happened is SweepEvent.CellEnded e) kept.Add(SweepEvent.NewCellEnded(e.Cell, e.Attempt, Bare(e.Result)));
            else if (happened is not SweepEvent.Progressed p || ReferenceEquals(progress.GetValueOrDefault(p.Cell), happened)) kept.Add(happened);
        }
        return Pack(string.Join('\n', kept.Select(SweepEventCodec.Write)));
    }

    /// <exception cref="FormatException">Not packed by this version.</exception>
    public static IReadOnlyList<SweepEvent> Events(string packed) =>
        [.. Unpack(packed).Split('\n').Select(line => SweepEventCodec.Read(line) is { IsOk: true } read ? read.ResultValue : throw new FormatException("The sweep's events cannot be read: hosts are of different versions."))];

    public static string Runs(IEnumerable<string> runs) => Pack(string.Join('\n', runs));

    public static IReadOnlyList<string> Runs(string packed) => Unpack(packed).Split('\n');

    private static SweepPlan Bare(SweepPlan plan) => new([.. plan.Cells.Select(c => new PlannedCell(c.Index, "", c.SharedKey))], plan.Parallel, plan.Hopeless);

    private static CellResult Bare(CellResult result) => CellResult.NotRun(result.Outcome switch
    {
        CellOutcome.Failed => CellOutcome.NewFailed(""),
        CellOutcome.Hopeless => CellOutcome.NewHopeless(""),
        var other => other,
    });

    private static string Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var zip = new BrotliStream(packed, CompressionLevel.Optimal)) zip.Write(Encoding.UTF8.GetBytes(text));
        return Convert.ToBase64String(packed.ToArray());
    }

    private static string Unpack(string packed)
    {
        using var zip = new BrotliStream(new MemoryStream(Convert.FromBase64String(packed)), CompressionMode.Decompress);
        using var reader = new StreamReader(zip, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
