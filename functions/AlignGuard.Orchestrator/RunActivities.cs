using AlignGuard.Pipeline.Cloud;
using Microsoft.DurableTask;

namespace AlignGuard.Orchestrator;

/// <summary>The light activities of runs: each hands its request to <see cref="LightDesk"/>.</summary>
[DurableTask(CloudNames.OpenRun)]
public sealed class OpenRunActivity(LightDesk desk) : TaskActivity<OpenRequest, OpenAnswer>
{
    public override Task<OpenAnswer> RunAsync(TaskActivityContext context, OpenRequest input) => desk.OpenAsync(input);
}

[DurableTask(CloudNames.RecordEvent)]
public sealed class RecordEventActivity(LightDesk desk) : TaskActivity<RecordRequest, RecordAnswer>
{
    public override Task<RecordAnswer> RunAsync(TaskActivityContext context, RecordRequest input) => desk.RecordAsync(input);
}

[DurableTask(CloudNames.LookAtRun)]
public sealed class LookAtRunActivity(LightDesk desk) : TaskActivity<string, LookAnswer>
{
    public override Task<LookAnswer> RunAsync(TaskActivityContext context, string input) => desk.LookAsync(input);
}

[DurableTask(CloudNames.Gate)]
public sealed class GateActivity(LightDesk desk) : TaskActivity<ActivityRequest, ActivityAnswer>
{
    public override Task<ActivityAnswer> RunAsync(TaskActivityContext context, ActivityRequest input) => desk.GateAsync(input);
}
