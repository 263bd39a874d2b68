using AlignGuard.Pipeline.Cloud;
using Microsoft.DurableTask;

namespace AlignGuard.Orchestrator;

/// <summary>The light activities of sweeps: each hands its request to <see cref="SweepDesk"/>.</summary>
[DurableTask(CloudNames.OpenSweep)]
public sealed class OpenSweepActivity(SweepDesk desk) : TaskActivity<SweepRequest, OpenSweepAnswer>
{
    public override Task<OpenSweepAnswer> RunAsync(TaskActivityContext context, SweepRequest input) => desk.OpenAsync(input);
}

[DurableTask(CloudNames.CloseSweep)]
public sealed class CloseSweepActivity(SweepDesk desk) : TaskActivity<string, CellAnswer>
{
    public override Task<CellAnswer> RunAsync(TaskActivityContext context, string input) => desk.CloseAsync(input);
}

[DurableTask(CloudNames.StopCell)]
public sealed class StopCellActivity(SweepDesk desk) : TaskActivity<CellRequest, CellAnswer>
{
    public override Task<CellAnswer> RunAsync(TaskActivityContext context, CellRequest input) => desk.StopCellAsync(input);
}

[DurableTask(CloudNames.CellProgress)]
public sealed class CellProgressActivity(SweepDesk desk) : TaskActivity<CellRequest, CellAnswer>
{
    public override Task<CellAnswer> RunAsync(TaskActivityContext context, CellRequest input) => desk.ProgressAsync(input);
}

[DurableTask(CloudNames.CellResult)]
public sealed class CellResultActivity(SweepDesk desk) : TaskActivity<CellRequest, CellAnswer>
{
    public override Task<CellAnswer> RunAsync(TaskActivityContext context, CellRequest input) => desk.ResultAsync(input);
}
