using System.Text;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;

namespace AlignGuard.Pipeline.Cloud;

/// <summary><c>sweeps/{sweepId}/request.json</c>: a sweep that was asked for. The file that names its base job stays behind; the job of every cell is asked for by itself.</summary>
/// <param name="Text">Of the sweep file.</param>
/// <param name="Runs">The run of every cell, in the order of the cells.</param>
public sealed record AskedSweep(int Version, string Text, string[] Runs)
{
    public const int CurrentVersion = 1;

    private const int ReadsAtOnce = 16;

    private static string Name(string sweepId) => $"sweeps/{sweepId}/request.json";

    public static async Task WriteAsync(IArtifactStore store, SweepJob sweep, string text, CancellationToken cancellation = default)
    {
        foreach (var some in sweep.Jobs.Chunk(ReadsAtOnce)) await Task.WhenAll(some.Select(job => AskedRun.WriteAsync(store, job, cancellation)));
        await store.CreateAsync(Name(sweep.SweepId), CommitProtocol.ToJson(new AskedSweep(CurrentVersion, text, [.. sweep.Jobs.Select(j => j.RunId)])), cancellation);
    }

    /// <exception cref="UserFaultException">There is no such sweep, or this program does not read it.</exception>
    public static async Task<SweepJob> ReadAsync(IArtifactStore store, string sweepId)
    {
        var blob = await store.ReadAsync(Name(sweepId)) ?? throw new UserFaultException([$"There is no sweep '{sweepId}' in {store.Location}."]);
        var asked = CommitProtocol.FromJson<AskedSweep>(blob.Content);
        var parsed = SweepFile.ParseUtf8(Encoding.UTF8.GetBytes(asked.Text), Name(sweepId));
        if (!parsed.IsValid) throw new UserFaultException([.. parsed.Problems.Select(p => p.ToString())]);
        var jobs = new List<Job>();
        foreach (var some in asked.Runs.Chunk(ReadsAtOnce)) jobs.AddRange(await Task.WhenAll(some.Select(run => StoredJob.ReadAsync(store, run))));
        var sweep = new SweepJob(parsed.Spec!.Value, jobs);
        return sweep.SweepId == sweepId ? sweep : throw new UserFaultException([$"Sweep {sweepId} was asked for by another version of the program; with this one it is sweep {sweep.SweepId}. Ask for it anew."]);
    }
}
