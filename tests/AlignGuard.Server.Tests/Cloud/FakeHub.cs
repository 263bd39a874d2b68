using AlignGuard.Server.Cloud;

namespace AlignGuard.Server.Tests.Cloud;

/// <summary>A task hub that does nothing by itself.</summary>
internal sealed class FakeHub(TimeProvider time) : IOrchestrations
{
    public Dictionary<string, OrchestrationView> Instances { get; } = [];
    public List<(string Instance, object Request)> Started { get; } = [];
    public List<(string Instance, string Event)> Raised { get; } = [];
    public List<string> Terminated { get; } = [];

    /// <summary>It is away.</summary>
    public bool Away { get; set; }

    public Task<OrchestrationView?> FindAsync(string instanceId, CancellationToken cancellation) => Away ? throw new InvalidOperationException("away") : Task.FromResult(Instances.GetValueOrDefault(instanceId));

    public Task EnsureAsync(string orchestration, string instanceId, object request, CancellationToken cancellation)
    {
        if (Instances.TryGetValue(instanceId, out var known) && known.Alive) return Task.CompletedTask;
        Started.Add((instanceId, request));
        Instances[instanceId] = new OrchestrationView(true, time.GetUtcNow(), null);
        return Task.CompletedTask;
    }

    public Task TerminateAsync(string instanceId, CancellationToken cancellation)
    {
        Terminated.Add(instanceId);
        return Task.CompletedTask;
    }

    public Task RaiseAsync(string instanceId, string eventName, CancellationToken cancellation)
    {
        Raised.Add((instanceId, eventName));
        return Task.CompletedTask;
    }

    public void End(string instanceId, string output) => Instances[instanceId] = Instances[instanceId] with { Alive = false, Output = output };
}
