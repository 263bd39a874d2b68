using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard serve</c>: runs start by themselves when a data set arrives or its time comes, and over HTTP.</summary>
internal static class ServeCommand
{
    private static readonly ServerOptions Defaults = new() { Token = null };

    public static Command Create()
    {
        var store = CommonOptions.Store("alignguard-store");
        var watch = new Option<string[]>("--watch") { Description = "Folder or store://ACCOUNT/CONTAINER[/PREFIX] to watch for _READY.json manifests. May be given several times.", DefaultValueFactory = _ => [] };
        var queue = new Option<string?>("--queue") { Description = "Storage queue with blob-created events of the watched containers: queue://ACCOUNT/QUEUE. Without it the scan finds data sets." };
        var schedules = new Option<string?>("--schedules") { Description = "File with cron schedules of jobs and sweeps." };
        var models = new Option<string?>("--models") { Description = "Folder whose folders are the base models that jobs may name. Default: the bundled models." };
        var concurrency = new Option<int>("--concurrency") { Description = "Runs worked on at the same time.", DefaultValueFactory = _ => Defaults.Concurrency };
        var address = new Option<string>("--address") { Description = $"IP address to listen on. Any but this machine's own needs a token ({ServerOptions.TokenVariable}).", DefaultValueFactory = _ => Defaults.Address };
        var port = new Option<int>("--port") { Description = "TCP port; 0 = any that is free.", DefaultValueFactory = _ => Defaults.Port };
        var scan = new Option<double>("--scan") { Description = "Seconds between two scans.", DefaultValueFactory = _ => Defaults.ScanInterval.TotalSeconds };
        var command = new Command("serve", "Starts runs when a data set arrives, when their time comes, and over HTTP; works on them here.") { store, watch, queue, schedules, models, concurrency, address, port, scan, CommonOptions.Device };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(result.GetRequiredValue(store), new ServerOptions
        {
            Address = result.GetRequiredValue(address),
            Port = result.GetValue(port),
            ModelsFolder = result.GetValue(models) ?? Path.Combine(AppContext.BaseDirectory, "samples", "models"),
            Concurrency = result.GetValue(concurrency),
            Watch = result.GetValue(watch) ?? [],
            EventQueue = result.GetValue(queue),
            ScheduleFile = result.GetValue(schedules),
            ScanInterval = Seconds(result.GetValue(scan)),
        })));
        return command;
    }

    /// <summary>What is no time at all is left to the options to refuse.</summary>
    private static TimeSpan Seconds(double seconds) => seconds is >= 0 and <= 1e9 ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;

    private static async Task<int> RunAsync(string storePath, ServerOptions options)
    {
        options.Validate();
        var store = await StoreAddress.OpenAsync(storePath);
        var executors = new LocalExecutors(store, new RunProcesses(storePath, store));
        await using var app = ServerHost.Build(options, await ServerParts.OpenAsync(options, store, executors, executors));
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new UserFaultException([$"Port {options.Port} of {options.Address} cannot be listened on ({e.Message}). Name another with --port, or 0 for any that is free."]);
        }
        Screen.Say($"Serving {store.Location} on {string.Join(", ", app.Urls)}. Runs are begun by{(options.Watch.Count > 0 ? $" manifests in {string.Join(", ", options.Watch)}," : "")}{(options.ScheduleFile is null ? "" : $" schedules of {options.ScheduleFile},")} POST /runs. Ctrl-C stops; runs commit what they have and go on next time.");
        await Microsoft.Extensions.Hosting.HostingAbstractionsHostExtensions.WaitForShutdownAsync(app);
        return ExitCode.Done;
    }
}
