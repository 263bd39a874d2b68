using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>From a command to its answer, whatever happens on the way. What counts as whose fault is told by the embedded runner's own port.</summary>
internal static class Answers
{
    /// <param name="stop">This host is to stop.</param>
    public static async Task<ActivityAnswer> OfAsync(ActivityRequest request, IArtifactStore store, RunActivity activity, CancellationToken stop, TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        var command = CommandCodec.Read(request.Command);
        using var done = new CancellationTokenSource();
        using var marked = new CancellationTokenSource();
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, marked.Token);
        // Both wishes stop the work alike; which it was is asked of the store by the orchestration, which decides what follows.
        Task[] watches = [.. new[] { RunMarkers.Cancel(request.RunId), RunMarkers.Pause(request.RunId) }.Select(marker => RunMarkers.WatchAsync(store, marker, marked, clock, done.Token))];
        try
        {
            var records = new RunRecords(request.RunId, "", "", "", null, new CommitProtocol(store));
            var began = clock.GetTimestamp();
            var port = new LocalPort(records, activity, null!, new SilentObserver(), clock, CancellationToken.None, any.Token, CancellationToken.None);
            var happened = await port.DoAsync(command);
            return happened is null ? new ActivityAnswer(AnswerKind.Stopped)
                : new ActivityAnswer(AnswerKind.Ended, EventCodec.Write(Bounded.Of(happened)), clock.GetElapsedTime(began).TotalSeconds);
        }
        catch (DamagedArtifactException e)
        {
            return new ActivityAnswer(AnswerKind.Damaged, Note: Bounded.Sentence(e.Message));
        }
        catch (Exception e) when (LightDesk.Trouble(e) is { } trouble)
        {
            return new ActivityAnswer(AnswerKind.Blocked, Note: trouble);
        }
        finally
        {
            done.Cancel();
            await Task.WhenAll(watches);
        }
    }
}
