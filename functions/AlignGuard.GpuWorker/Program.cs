using AlignGuard.GpuWorker;
using AlignGuard.Hosts;
using AlignGuard.Models;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Store;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.AzureManaged;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

Machine.Prepare();
return await Guarded.RunAsync(async () =>
{
    var settings = CloudSettings.Read(CloudRole.GpuWorker);
    var machine = await Machine.LookAsync(settings.Device);
    foreach (var line in machine.Lines) Console.Error.WriteLine(line);
    if (machine.Problem is { } problem) throw new UserFaultException(problem);

    var device = ComputeDevice.Open(settings.Device);
    var store = await StoreAddress.OpenAsync(settings.Store);
    using var wish = new StopWish();
    var builder = Host.CreateApplicationBuilder(args);
    Telemetry.Add(builder.Services, settings);
    builder.Services.AddSingleton(services => new GpuDesk(store, run => new LoggedRun(run, services.GetRequiredService<ILogger<GpuDesk>>()), wish.Token, device));
    builder.Services.AddDurableTaskWorker(worker =>
    {
        worker.AddTasks(GpuTasks.Add);
        // The default is a hundred for every core.
        worker.Configure(options => options.Concurrency.MaximumConcurrentActivityWorkItems = 1);
        worker.UseWorkItemFilters();
        worker.UseDurableTaskScheduler(settings.Scheduler);
    });
    var host = builder.Build();
    // A tenth of the time is left for the host to close.
    wish.Stops(host.Services.GetRequiredService<IHostApplicationLifetime>(), host.Services.GetRequiredService<GpuDesk>().IdleAsync, TimeSpan.FromSeconds(settings.GraceSeconds * 0.9));
    await host.RunAsync();
});
