using AlignGuard.Functions;
using AlignGuard.Hosts;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Cloud;
using AlignGuard.Server.Triggers;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.AzureManaged;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

return await Guarded.RunAsync(async () =>
{
    var settings = CloudSettings.Read(CloudRole.Functions);
    var builder = FunctionsApplication.CreateBuilder(args);
    builder.ConfigureFunctionsWebApplication();
    Telemetry.Add(builder.Services, settings);
    if (settings.Insights is not null) builder.Services.AddOpenTelemetry().UseFunctionsWorkerDefaults();
    var (store, watched) = (await StoreAddress.OpenAsync(settings.Store), await WatchedSource.OpenAsync(settings.Watch));
    builder.Services.AddAlignGuardHandlers(store, [watched], settings.Schedules, new Limits(), TimeProvider.System, settings.ModelsStore);
    builder.Services.AddDurableTaskClient(client => client.UseDurableTaskScheduler(settings.Scheduler));
    builder.Services.AddSingleton<IOrchestrations, TaskHub>();
    await builder.Build().RunAsync();
});
