using AlignGuard.Pipeline.Cloud;
using Microsoft.DurableTask;

namespace AlignGuard.Orchestrator;

/// <summary>A run, from what the store proves to its outcome.</summary>
[DurableTask(CloudNames.FineTuning)]
public sealed class FineTuningOrchestrator : TaskOrchestrator<RunRequest, string>
{
    public override Task<string> RunAsync(TaskOrchestrationContext context, RunRequest input) => RunOrchestration.RunAsync(new DurableOrchestration(context), input);
}
