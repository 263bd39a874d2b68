using AlignGuard.Hosts;
using AlignGuard.Orchestrator;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Store;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.AzureManaged;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

return await Guarded.RunAsync(async () =>
{
    var settings = CloudSettings.Read(CloudRole.Orchestrator);
    var builder = Host.CreateApplicationBuilder(args);
    Telemetry.Add(builder.Services, settings);
    OrchestratorTasks.AddServices(builder.Services, await StoreAddress.OpenAsync(settings.Store));
    builder.Services.AddDurableTaskWorker(worker =>
    {
        worker.AddTasks(OrchestratorTasks.Add);
        // Its own version only: code never meets a history that another version made. Without filters a worker takes everything, and fails what it does not know.
        worker.UseVersioning(new DurableTaskWorkerOptions.VersioningOptions
        {
            Version = CloudNames.Version,
            DefaultVersion = CloudNames.Version,
            MatchStrategy = DurableTaskWorkerOptions.VersionMatchStrategy.Strict,
            FailureStrategy = DurableTaskWorkerOptions.VersionFailureStrategy.Reject,
        });
        worker.UseWorkItemFilters();
        worker.UseDurableTaskScheduler(settings.Scheduler);
    });
    await builder.Build().RunAsync();
});
