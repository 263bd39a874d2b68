using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary>
/// What can be asked of the server, whatever host asks: results, or a fault with sentences (<see cref="UserFaultException"/>, <see cref="NotFoundException"/>,
/// <see cref="ConflictException"/>, <see cref="StoreException"/>). Everything it knows is in the store.
/// </summary>
public sealed class RunHandlers(IArtifactStore store, RunQueue queue, JobPolicy policy, TimeProvider time)
{
    private const int LongestBy = 200, LongestComment = 2000;
    private readonly RunFiles _files = new(store);
    private readonly IdempotencyKeys _keys = new(store);

    /// <summary>Accepts a job: it is in the queue when this returns. The same job is the same run; one that failed is begun again.</summary>
    /// <exception cref="UserFaultException">Every problem of the job, or everything in it that may not be referred to.</exception>
    /// <exception cref="ConflictException">The key belongs to another job.</exception>
    public async Task<StartedRun> StartAsync(StartRequest request, CancellationToken cancellation = default)
    {
        var job = policy.Read(request.Job, "job");
        var repeated = request.Key is { } key && await _keys.IsRepetitionAsync(key, job.RunId, cancellation);
        return await queue.AddAsync(QueueEntry.Of(job, null, "http", time.GetUtcNow()), again: !repeated, cancellation);
    }

    /// <exception cref="NotFoundException">There is no such run.</exception>
    public async Task<RunView> StatusAsync(string id, CancellationToken cancellation = default) =>
        // Between two reads a failed run may be put into the queue again, and be in neither place for a moment: what is not found is looked for twice.
        await FindAsync(RunId.Check(id), cancellation) ?? await FindAsync(id, cancellation) ?? throw new NotFoundException($"There is no run {id}. GET /runs lists the runs.");

    /// <summary>Every run of the store and everything in the queue, ordinal order.</summary>
    public async Task<IReadOnlyList<RunView>> ListAsync(CancellationToken cancellation = default)
    {
        var (queued, failed) = await queue.IdsAsync(cancellation);
        var views = new List<RunView>();
        foreach (var id in (await RunStatus.IdsAsync(store)).Concat(queued).Concat(failed).Where(RunId.IsValid).Distinct().Order(StringComparer.Ordinal))
            if (await FindOrNameAsync(id, cancellation) is { } view) views.Add(view);
        return views;
    }

    /// <summary>A run that cannot be read does not keep the others from being listed.</summary>
    private async Task<RunView?> FindOrNameAsync(string id, CancellationToken cancellation)
    {
        try
        {
            return await FindAsync(id, cancellation);
        }
        catch (Exception e) when (e is StoreException or DamagedArtifactException)
        {
            return new RunView(id, RunPhase.Resting, null, null, [$"This run cannot be read: {Redaction.Fault(e)}"], false, null);
        }
    }

    /// <summary>Asks to end a run for good: within a step where it is worked on, and before it begins where it waits. Asking twice is asking once.</summary>
    /// <exception cref="ConflictException">It has ended.</exception>
    public async Task<RunView> CancelAsync(string id, CancellationToken cancellation = default)
    {
        RefuseEnded(await StatusAsync(id, cancellation), "cancel");
        await RunMarkers.SetAsync(store, RunMarkers.Cancel(id));
        queue.Pulse();
        return await StatusAsync(id, cancellation);
    }

    /// <summary>Leaves a decision; the first one stands.</summary>
    /// <exception cref="UserFaultException">No name, or too long a text.</exception>
    /// <exception cref="ConflictException">Another decision was made before, or the run waits for none.</exception>
    public async Task<Approval> ApproveAsync(string id, ApprovalRequest request, CancellationToken cancellation = default)
    {
        var view = await StatusAsync(id, cancellation);
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(request.By) || request.By.Length > LongestBy) problems.Add($"by: who decides is missing, or has more than {LongestBy} characters.");
        if (request.Comment?.Length > LongestComment) problems.Add($"comment: more than {LongestComment} characters. Shorten it.");
        if ((request.By + request.Comment).Any(c => char.IsControl(c) && c is not '\n' and not '\r' and not '\t')) problems.Add("by and comment must not hold control characters.");
        if (problems.Count > 0) throw new UserFaultException(problems);
        if (view.Approval is null)
        {
            RefuseEnded(view, "decide on");
            if (view.Progress?.Stage != RunStatus.ApprovalStage)
                throw new ConflictException($"Run {id} waits for no decision: {view.Progress?.Stage ?? "it has not begun"}. What the gate accepted is decided on, by the person that its job asks for (gate.approval: required).");
        }
        var stands = await ApprovalMarker.SetAsync(store, id, new Approval(request.Approved, request.By, request.Comment, time.GetUtcNow()), cancellation);
        queue.Pulse();
        return (stands.Approved, stands.By, stands.Comment) == (request.Approved, request.By, request.Comment)
            ? stands
            : throw new ConflictException($"Run {id} was {(stands.Approved ? "approved" : "refused")} before, at {stands.At:u}. The first decision stands; for another one start a new run.");
    }

    /// <exception cref="NotFoundException">There is no such run.</exception>
    public async Task<IReadOnlyList<RunFile>> FilesAsync(string id, CancellationToken cancellation = default)
    {
        await StatusAsync(id, cancellation);
        return await _files.ListAsync(id, cancellation);
    }

    /// <param name="name">As listed by <see cref="FilesAsync"/>.</param>
    /// <exception cref="UserFaultException">Not a name in a store.</exception>
    /// <exception cref="NotFoundException">There is no such run, or no such file of it.</exception>
    public Task<StoredBlob> DownloadAsync(string id, string name, CancellationToken cancellation = default) => _files.ReadAsync(RunId.Check(id), name, cancellation);

    private async Task<RunView?> FindAsync(string id, CancellationToken cancellation)
    {
        // In the order in which a run moves: what has left one place by the time it is read is found in the next.
        var (entry, failure) = (await queue.FindAsync(id, cancellation), await queue.FailureAsync(id, cancellation));
        var progress = await PinnedRun.FindAsync(store, id) is null ? null : await RunStatus.ReadAsync(store, id);
        if (progress is null && entry is null && failure is null) return null;
        var phase = (progress, entry, failure) switch
        {
            ({ Ended: true }, null, _) => RunPhase.Ended,
            (null, not null, _) => RunPhase.Queued,
            (_, not null, _) => RunPhase.Underway,
            (_, null, not null) => RunPhase.Failed,
            _ => RunPhase.Resting,
        };
        var told = progress?.Message is { } message ? progress with { Message = Redaction.Sentence(message) } : progress;
        return new RunView(id, phase, told, entry?.Origin ?? failure?.Origin, failure?.Problems ?? [],
            await RunMarkers.IsSetAsync(store, RunMarkers.Cancel(id), cancellation), await ApprovalMarker.FindAsync(store, id, cancellation));
    }

    private static void RefuseEnded(RunView view, string what)
    {
        if (view.Phase is RunPhase.Ended or RunPhase.Failed) throw new ConflictException($"Run {view.RunId} has ended ({view.Progress?.Stage ?? "failed"}); there is nothing to {what}.");
    }
}
