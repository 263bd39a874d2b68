using System.Text.Json;
using AlignGuard.Pipeline.Cloud;

namespace AlignGuard.Server.Cloud;

/// <summary>How an orchestration instance stands.</summary>
/// <param name="Alive">It is under way, or waits to be.</param>
/// <param name="Created">When it was started (UTC).</param>
/// <param name="Output">What it returned; null where it returned nothing, because it is alive or broke.</param>
/// <param name="Status">What it shows, as JSON; null = nothing.</param>
public sealed record OrchestrationView(bool Alive, DateTimeOffset Created, string? Output, string? Status = null)
{
    /// <summary>The outcome of an instance that has nothing left to do but is kept alive by a call that no worker has answered; null otherwise.</summary>
    internal string? Lingering => Alive && Status is not null && JsonSerializer.Deserialize<RunProgressStatus>(Status) is { Condition: "Ended", Note: { } outcome } ? outcome : null;

    /// <summary>The same of a sweep: a cell's run may be kept alive by its worker's silence.</summary>
    internal string? LingeringSweep => Alive && Status is not null ? JsonSerializer.Deserialize<SweepProgressStatus>(Status)?.Outcome : null;
}

/// <summary>What starts orchestrations and tells them things. The Functions have it over the task hub; tests have a fake.</summary>
public interface IOrchestrations
{
    /// <summary>Null = there is no such instance, or it is forgotten.</summary>
    Task<OrchestrationView?> FindAsync(string instanceId, CancellationToken cancellation);

    /// <summary>Starts an instance, unless one of that id is alive.</summary>
    /// <param name="orchestration">Its name.</param>
    Task EnsureAsync(string orchestration, string instanceId, object request, CancellationToken cancellation);

    /// <summary>Ends an instance from outside, with the instances that it started; one that has ended stays as it is.</summary>
    Task TerminateAsync(string instanceId, CancellationToken cancellation);

    /// <summary>Sends an event. One that nobody receives is no fault.</summary>
    Task RaiseAsync(string instanceId, string eventName, CancellationToken cancellation);
}
