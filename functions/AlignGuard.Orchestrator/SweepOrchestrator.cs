using AlignGuard.Pipeline.Cloud;
using Microsoft.DurableTask;

namespace AlignGuard.Orchestrator;

/// <summary>A sweep: its cells are runs, each an orchestration of its own.</summary>
[DurableTask(CloudNames.Sweep)]
public sealed class SweepOrchestrator : TaskOrchestrator<SweepRequest, string>
{
    public override Task<string> RunAsync(TaskOrchestrationContext context, SweepRequest input) => SweepOrchestration.RunAsync(new DurableOrchestration(context), input);
}
