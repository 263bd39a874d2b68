using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AlignGuard.Pipeline.Emulation;

namespace AlignGuard.Tests;

/// <summary>
/// The real storage emulator in a process of its own, on the loopback and a free port. Installed from npm on first use, under the artifacts folder; Node is all
/// that has to be there.
/// </summary>
internal sealed class AzuriteProcess : IAsyncDisposable
{
    // The emulator's account and key are the same everywhere and protect nothing.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly string _data = Directory.CreateTempSubdirectory("alignguard-azurite-").FullName;
    private readonly string _service;
    private readonly int _port;
    private Process? _process;

    private readonly int? _limit;

    private AzuriteProcess(string service, int port, int? limit) => (_service, _port, _limit) = (service, port, limit);

    public string ConnectionString => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};{char.ToUpperInvariant(_service[0])}{_service[1..]}Endpoint=http://127.0.0.1:{_port}/{Account};";

    /// <param name="service"><c>blob</c> or <c>queue</c>.</param>
    /// <param name="limit">MiB that it holds, in memory; null = as much as the disk.</param>
    public static async Task<AzuriteProcess> StartAsync(string service = "blob", int? limit = null)
    {
        var azurite = new AzuriteProcess(service, FreePort(), limit);
        await azurite.RestartAsync();
        return azurite;
    }

    /// <summary>With the data it had.</summary>
    public async Task RestartAsync()
    {
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[await InstalledAsync(_service), $"--{_service}Host", "127.0.0.1", $"--{_service}Port", $"{_port}", .. _limit is { } mib ? (string[])["--inMemoryPersistence", "--extentMemoryLimit", $"{mib}"] : ["--location", _data], "--skipApiVersionCheck", "--disableTelemetry", "--silent"])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        var said = Task.WhenAll(_process.StandardOutput.ReadToEndAsync(), _process.StandardError.ReadToEndAsync());
        for (var waited = 0; !await AnswersAsync(); waited += 100)
        {
            if (_process.HasExited) throw new InvalidOperationException($"Azurite ended: {string.Join('\n', await said)}");
            if (waited > 60_000) throw new TimeoutException("Azurite did not open its port within a minute.");
            await Task.Delay(100);
        }
    }

    /// <summary>Without notice: it forgets what it acknowledged in the last seconds, which no service does.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Asked to end: it writes down what it holds.</summary>
    public async Task StopAsync()
    {
        if (_process is not { HasExited: false } process) return;
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The main file of one of the emulator's services, in a cache of the build's own.</summary>
    private static async Task<string> InstalledAsync(string service) => Path.Combine(await AzuriteInstall.EnsureAsync(Path.Combine(CacheFolder, "alignguard")), service, "main.js");

    /// <summary>The build's own: the artifacts folder.</summary>
    public static string CacheFolder { get; } = FindArtifacts();

    private static string FindArtifacts()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (folder.Name == "artifacts") return folder.FullName;
        return Path.GetTempPath();
    }
}
