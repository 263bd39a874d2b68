using AlignGuard.Pipeline.Cloud;
using Microsoft.DurableTask;

namespace AlignGuard.Orchestrator;

/// <summary>The orchestrations' interface over the Durable Task engine. No retry policy: whether something is tried again is the decider's to say.</summary>
internal sealed class DurableOrchestration(TaskOrchestrationContext context) : IOrchestration
{
    public string InstanceId => context.InstanceId;

    public DateTime Now => context.CurrentUtcDateTime;

    public async Task<TAnswer> CallAsync<TAnswer>(string activity, object request)
    {
        try
        {
            return await context.CallActivityAsync<TAnswer>(activity, request);
        }
        catch (TaskFailedException e)
        {
            throw new ActivityFailedException(e.FailureDetails.ErrorMessage, e);
        }
    }

    public async Task<string> RunChildAsync(string orchestration, string instanceId, object request)
    {
        try
        {
            return await context.CallSubOrchestratorAsync<string>(orchestration, request, new SubOrchestrationOptions(instanceId: instanceId) { Version = CloudNames.Version });
        }
        catch (TaskFailedException e)
        {
            throw new ActivityFailedException(e.FailureDetails.ErrorMessage, e);
        }
    }

    public Task TimerAsync(TimeSpan delay, CancellationToken cancellation) => context.CreateTimer(delay, cancellation);

    public Task<string> EventAsync(string name) => context.WaitForExternalEvent<string>(name);

    public void Send(string instanceId, string name, string payload) => context.SendEvent(instanceId, name, payload);

    public void Status(object status) => context.SetCustomStatus(status);

    public void ContinueAsNew(object request) => context.ContinueAsNew(request, preserveUnprocessedEvents: true);
}
