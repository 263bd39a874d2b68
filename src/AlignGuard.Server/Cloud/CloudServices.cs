using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Hosting;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Telemetry;
using AlignGuard.Server.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Cloud;

/// <summary>The server's handlers without the server: for a host that has its own HTTP, timers and queues.</summary>
public static class CloudServices
{
    /// <summary>Adds <see cref="HttpDesk"/>, <see cref="TriggerDesk"/> and <see cref="Dispatcher"/>. The host adds an <see cref="IOrchestrations"/>.</summary>
    /// <param name="schedules">File with schedules; null = none.</param>
    /// <param name="models"><c>store://ACCOUNT/CONTAINER</c> of the models that jobs may call by name; null = by whole references only.</param>
    /// <exception cref="AlignGuard.Models.UserFaultException">All problems of the schedules.</exception>
    public static IServiceCollection AddAlignGuardHandlers(this IServiceCollection services, IArtifactStore store, IReadOnlyList<WatchedSource> sources, string? schedules, Limits limits, TimeProvider time, string? models = null)
    {
        IReadOnlyList<Schedule> planned = schedules is null ? [] : ScheduleFile.Load(schedules);
        services.AddSingleton(store).AddSingleton(sources).AddSingleton(limits).AddSingleton(time);
        // These hosts have no folder of models.
        services.AddSingleton(new JobPolicy(null, models)).AddSingleton(new ServerOptions { Token = null });
        services.AddSingleton<RunQueue>().AddSingleton<RunHandlers>().AddSingleton<LoopHealth>().AddSingleton<ServerMetrics>();
        services.AddSingleton<TriggerLedger>().AddSingleton<ManifestReader>().AddSingleton<TriggerIntake>().AddSingleton<ContainerWatcher>().AddSingleton<Dispatcher>().AddSingleton<HttpDesk>();
        return services.AddSingleton(s => new TriggerDesk(sources, s.GetRequiredService<TriggerIntake>(), s.GetRequiredService<ContainerWatcher>(), planned.Count == 0 ? null
            : new Scheduler(planned, store, s.GetRequiredService<TriggerLedger>(), s.GetRequiredService<LoopHealth>(), s.GetRequiredService<ServerMetrics>(), time, s.GetRequiredService<ILogger<Scheduler>>())));
    }
}
