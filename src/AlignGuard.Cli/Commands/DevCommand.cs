using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Pipeline.Emulation;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard dev up</c>: the local storage emulator with containers, queue and a sample data set, in the foreground until Ctrl-C.</summary>
internal static class DevCommand
{
    private const string Runs = $"{StoreAddress.Scheme}azurite/{SampleData.RunsContainer}";
    private const string Sample = $"{StoreAddress.Scheme}azurite/{SampleData.DatasetsContainer}/{SampleData.Folder}";

    public static Command Create() => new("dev", "Helps developers.") { Up() };

    private static Command Up()
    {
        var data = new Option<string>("--data") { Description = "Folder where the emulator keeps its data.", DefaultValueFactory = _ => "alignguard-azurite" };
        var blobs = new Option<int>("--blob-port") { Description = "Port of the blob service, on the loopback only.", DefaultValueFactory = _ => EmulatorAddress.DefaultBlobPort };
        var queues = new Option<int>("--queue-port") { Description = "Port of the queue service, on the loopback only.", DefaultValueFactory = _ => EmulatorAddress.DefaultQueuePort };
        var command = new Command("up", "Starts the local storage emulator (Azurite; needs Node) with containers, queue and a sample data set, until Ctrl-C. One that is running is used and left running.")
        {
            data, blobs, queues, CommonOptions.Json,
        };
        command.SetAction(result => Guarded.RunAsync(() => UpAsync(new EmulatorAddress(result.GetValue(blobs), result.GetValue(queues)), result.GetRequiredValue(data), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> UpAsync(EmulatorAddress address, string data, bool json)
    {
        using var stop = new StopOnSignal("Stopping the storage emulator; its data are kept.");
        try
        {
            data = Path.GetFullPath(data);
            await using var emulator = await Emulator.OpenAsync(address, data, Screen.Say, stop.Signal.Token);
            await SampleData.PutAsync(address, stop.Signal.Token);
            Tell(emulator, data, json);
            if (emulator.IsOwn) await emulator.WatchAsync(stop.Signal.Token);
        }
        catch (OperationCanceledException)
        {
            // Asked to end, and that is how it ends.
        }
        return ExitCode.Done;
    }

    private static void Tell(Emulator emulator, string data, bool json)
    {
        var address = emulator.Address;
        if (json)
        {
            Screen.Json(new
            {
                started = emulator.IsOwn,
                azurite = emulator.IsOwn ? AzuriteInstall.Version : null,
                blobEndpoint = address.BlobEndpoint,
                queueEndpoint = address.QueueEndpoint,
                connectionString = address.ConnectionString,
                data = emulator.IsOwn ? data : null,
                store = Runs,
                sample = Sample,
                sampleFiles = SampleData.Files().Select(f => f.Name),
                eventsQueue = SampleData.EventsQueue,
            });
            return;
        }
        Console.WriteLine(emulator.IsOwn ? $"Azurite {AzuriteInstall.Version} is up; its data are in {data}." : "An Azurite that was running is used; it is left running.");
        Console.WriteLine($"  blobs   {address.BlobEndpoint}");
        Console.WriteLine($"  queues  {address.QueueEndpoint}, {SampleData.EventsQueue} for data set events");
        Console.WriteLine($"  runs    {Runs}");
        Console.WriteLine($"  sample  {Sample}: {string.Join(", ", SampleData.Files().Select(f => f.Name))}");
        Console.WriteLine("To use it:");
        // The emulator is found at its usual ports, unless a connection string says otherwise.
        if (!address.IsUsual || !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(StoreAddress.ConnectionVariable)))
            Console.WriteLine($"  export {StoreAddress.ConnectionVariable}='{address.ConnectionString}'");
        Console.WriteLine($"  --store {Runs}");
        if (emulator.IsOwn) Console.WriteLine("Ctrl-C stops it.");
    }
}
