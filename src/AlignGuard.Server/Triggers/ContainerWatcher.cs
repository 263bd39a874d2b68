using AlignGuard.Server.Hosting;
using AlignGuard.Server.Runs;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Triggers;

/// <summary>
/// Looks for manifests again and again. It is the trigger where there is no queue of events, and where there is one it finds what no event told of. Every manifest is
/// read on every scan, since only its version says whether it is new: take manifests away when their runs are done.
/// </summary>
internal sealed class ContainerWatcher(IReadOnlyList<WatchedSource> sources, TriggerIntake intake, ServerOptions options, LoopHealth health, TimeProvider time, ILogger<ContainerWatcher> log)
    : ScanLoop("scan", options.ScanInterval, health, time, log)
{
    protected override async Task<TimeSpan?> TurnAsync(CancellationToken stop)
    {
        foreach (var source in sources)
        {
            try
            {
                foreach (var name in (await source.Store.ListAsync("", stop)).Where(ReadyManifest.IsManifest)) await LookAsync(source, name, stop);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
            {
                log.LogWarning("{Container} cannot be scanned: {Problem}", source.Id, Redaction.Fault(e));
            }
        }
        return null;
    }

    /// <summary>One manifest that cannot be looked at does not keep the others from being.</summary>
    private async Task LookAsync(WatchedSource source, string name, CancellationToken stop)
    {
        try
        {
            await intake.TakeAsync(source, name, "scan", stop);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            log.LogWarning("A manifest of {Container} cannot be looked at and is looked at again: {Problem}", source.Id, Redaction.Fault(e));
        }
    }
}
