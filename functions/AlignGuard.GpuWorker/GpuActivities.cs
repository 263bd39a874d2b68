using AlignGuard.Pipeline.Cloud;
using Microsoft.DurableTask;

namespace AlignGuard.GpuWorker;

/// <summary>The activities that take a model: each hands its command to <see cref="GpuDesk"/>, which does one at a time. They differ in name only, so that a scale rule or a filter can tell them apart.</summary>
public abstract class CommandActivity(GpuDesk desk) : TaskActivity<ActivityRequest, ActivityAnswer>
{
    public override Task<ActivityAnswer> RunAsync(TaskActivityContext context, ActivityRequest input) => desk.DoAsync(input);
}

[DurableTask(CloudNames.Baseline)]
public sealed class BaselineActivity(GpuDesk desk) : CommandActivity(desk);

[DurableTask(CloudNames.Fisher)]
public sealed class FisherActivity(GpuDesk desk) : CommandActivity(desk);

[DurableTask(CloudNames.Decompose)]
public sealed class DecomposeActivity(GpuDesk desk) : CommandActivity(desk);

[DurableTask(CloudNames.Segment)]
public sealed class SegmentActivity(GpuDesk desk) : CommandActivity(desk);

[DurableTask(CloudNames.DriftCheck)]
public sealed class DriftCheckActivity(GpuDesk desk) : CommandActivity(desk);

[DurableTask(CloudNames.Publish)]
public sealed class PublishActivity(GpuDesk desk) : CommandActivity(desk);

/// <summary>What the cells of a sweep share.</summary>
[DurableTask(CloudNames.Prepare)]
public sealed class PrepareActivity(GpuDesk desk) : TaskActivity<ActivityRequest, ActivityAnswer>
{
    public override Task<ActivityAnswer> RunAsync(TaskActivityContext context, ActivityRequest input) => desk.PrepareAsync(input);
}

/// <summary>The report of a run that has ended.</summary>
[DurableTask(CloudNames.Report)]
public sealed class ReportActivity(GpuDesk desk) : TaskActivity<ActivityRequest, ActivityAnswer>
{
    public override Task<ActivityAnswer> RunAsync(TaskActivityContext context, ActivityRequest input) => desk.ReportAsync(input);
}
