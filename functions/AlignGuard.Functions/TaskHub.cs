using AlignGuard.Pipeline.Cloud;
using AlignGuard.Server.Cloud;
using DurableTask.Core.Exceptions;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace AlignGuard.Functions;

/// <summary>Orchestrations by way of the task hub.</summary>
public sealed class TaskHub(DurableTaskClient client) : IOrchestrations
{
    public async Task<OrchestrationView?> FindAsync(string instanceId, CancellationToken cancellation) =>
        await client.GetInstanceAsync(instanceId, getInputsAndOutputs: true, cancellation) is { } found
            ? new OrchestrationView(!found.IsCompleted, found.CreatedAt, found.RuntimeStatus == OrchestrationRuntimeStatus.Completed ? found.ReadOutputAs<string>() : null, found.SerializedCustomStatus)
            : null;

    public async Task EnsureAsync(string orchestration, string instanceId, object request, CancellationToken cancellation)
    {
        var options = new StartOrchestrationOptions(instanceId) { Version = CloudNames.Version }
            .WithDedupeStatuses(OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(orchestration, request, options, cancellation);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // Somebody else was first: it is the same instance.
        }
    }

    public Task TerminateAsync(string instanceId, CancellationToken cancellation) => client.TerminateInstanceAsync(instanceId, new TerminateInstanceOptions("The run has ended.", Recursive: true), cancellation);

    public async Task RaiseAsync(string instanceId, string eventName, CancellationToken cancellation)
    {
        try
        {
            await client.RaiseEventAsync(instanceId, eventName, "", cancellation);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            // It has ended in between.
        }
    }
}
