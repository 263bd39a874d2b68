using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Store;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace AlignGuard.Orchestrator;

/// <summary>What this host does, whatever engine it is registered with.</summary>
public static class OrchestratorTasks
{
    public static void Add(DurableTaskRegistry registry) => registry
        .AddOrchestrator<FineTuningOrchestrator>().AddOrchestrator<SweepOrchestrator>()
        .AddActivity<OpenRunActivity>().AddActivity<RecordEventActivity>().AddActivity<LookAtRunActivity>().AddActivity<GateActivity>()
        .AddActivity<OpenSweepActivity>().AddActivity<CloseSweepActivity>().AddActivity<StopCellActivity>().AddActivity<CellProgressActivity>().AddActivity<CellResultActivity>();

    /// <summary>What the activities are made of.</summary>
    public static void AddServices(IServiceCollection services, IArtifactStore store) => services.AddSingleton(store).AddSingleton(new LightDesk(store)).AddSingleton(new SweepDesk(store));
}
