using Microsoft.DurableTask;

namespace AlignGuard.GpuWorker;

/// <summary>What this host does, whatever engine it is registered with.</summary>
public static class GpuTasks
{
    public static void Add(DurableTaskRegistry registry) => registry
        .AddActivity<BaselineActivity>().AddActivity<FisherActivity>().AddActivity<DecomposeActivity>().AddActivity<SegmentActivity>().AddActivity<DriftCheckActivity>()
        .AddActivity<PublishActivity>().AddActivity<PrepareActivity>().AddActivity<ReportActivity>();
}
