using System.Security.Cryptography;
using System.Text;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>
/// The activities of a run with hashes in place of tensors: what a step makes depends on all steps before it and on the basis in force, as in training, so the last adapter tells
/// whether anything was left out, done twice or mixed. Records, parents, commits and publication are the product's own.
/// </summary>
/// <param name="accepts">The gate's verdict.</param>
/// <param name="exact">False: every computation comes out a little different, as on a GPU.</param>
/// <param name="twice">Share of commands that are delivered twice at once.</param>
internal sealed class SimulatedActivities(Process process, RunRecords records, bool accepts, bool exact, double twice)
{
    public const string Model = "model";

    private sealed record Trained(int ReachedStep, double Loss);
    private sealed record Verdict(bool Accepted);

    public async Task<CommandResult> RunAsync(Command command, StopSignal stop)
    {
        if (process.World.Chance(twice)) Forgotten(command, stop);
        return await OnceAsync(command, stop);
    }

    /// <summary>A second delivery whose end nobody waits for.</summary>
    private async void Forgotten(Command command, StopSignal stop)
    {
        try
        {
            await OnceAsync(command, stop);
        }
        catch (Exception e) when (e is StoreException or DamagedArtifactException or OperationCanceledException)
        {
            // Nobody hears of it.
        }
    }

    private async Task<CommandResult> OnceAsync(Command command, StopSignal stop)
    {
        var record = await records.OnceAsync(command, parents => MakeAsync(command.Work, parents, stop));
        return command.Work switch
        {
            Work.Fisher => CommandResult.FisherDone,
            Work.Decompose => CommandResult.NewDecomposeDone([]),
            Work.Segment => CommandResult.NewSegmentDone(CommitProtocol.Result<Trained>(record).ReachedStep, RunRecords.Reference(record), 1, null),
            Work.DriftCheck => CommandResult.NewDriftDone(new DriftSummary(1, 0, 1, 1, 1, 0, RunRecords.Reference(record))),
            { IsBaseline: true } => CommandResult.BaselineDone,
            { IsGate: true } => CommandResult.NewGateDone(CommitProtocol.Result<Verdict>(record).Accepted),
            _ => CommandResult.NewPublished(record.Folder),
        };
    }

    private async Task<Made> MakeAsync(Work work, IReadOnlyDictionary<string, CommitReference> parents, StopSignal stop)
    {
        switch (work)
        {
            case Work.Segment s:
                return await TrainAsync(s, parents, stop);
            case Work.Publish:
                var (gate, segment) = (parents["gate"], parents["segment"]);
                Xunit.Assert.True(CommitProtocol.Result<Verdict>(gate).Accepted);
                return new Made(await Publication.PublishAsync(records.Store, Model, new Publication.Current(records.RunId, $"models/{Model}/{records.RunId}", segment.Hash, gate.Hash),
                    new Dictionary<string, byte[]> { ["adapter"] = await records.Protocol.ReadAsync(segment.File("adapter.safetensors")) }), new { });
            default:
                // A measurement: long, and dropped when told to stop.
                await process.WorkAsync(10);
                stop.Token.ThrowIfCancellationRequested();
                // Not the segment's number: a run that was cut has more of them.
                var inputs = new List<byte[]> { Encoding.UTF8.GetBytes(work is Work.Fisher f ? $"fisher {f.AtStep}" : work.GetType().Name) };
                foreach (var parent in parents.OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value.Commit.Files)) inputs.Add(await records.Protocol.ReadAsync(parent));
                return new Made(new Dictionary<string, byte[]> { ["result.json"] = Mixed(inputs) }, work.IsGate ? new Verdict(accepts) : new { });
        }
    }

    private async Task<Made> TrainAsync(Work.Segment s, IReadOnlyDictionary<string, CommitReference> parents, StopSignal stop)
    {
        var adapter = parents.TryGetValue("segment", out var previous) ? await records.Protocol.ReadAsync(previous.File("adapter.safetensors")) : "W0"u8.ToArray();
        var basis = parents.TryGetValue("basis", out var b) ? await records.Protocol.ReadAsync(b.File("result.json")) : [];
        var step = s.FromStep;
        for (; step < s.ToStep && !stop.Requested; step++)
        {
            await process.WorkAsync(3);
            adapter = Mixed([adapter, basis, BitConverter.GetBytes(step)]);
        }
        stop.ThrowIfAbandoned();
        if (step == s.FromStep) stop.Token.ThrowIfCancellationRequested();
        return new Made(new Dictionary<string, byte[]> { ["adapter.safetensors"] = adapter, ["state.json"] = BitConverter.GetBytes(step) }, new Trained(step, 1));
    }

    private byte[] Mixed(IEnumerable<byte[]> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts) hash.AppendData(part);
        if (!exact) hash.AppendData(BitConverter.GetBytes(process.World.Random.Next()));
        return hash.GetHashAndReset();
    }
}
