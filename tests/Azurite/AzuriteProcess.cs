using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

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
    private readonly int _port;
    private Process? _process;

    private AzuriteProcess(int port) => _port = port;

    public string ConnectionString => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{_port}/{Account};";

    public static async Task<AzuriteProcess> StartAsync()
    {
        var azurite = new AzuriteProcess(FreePort());
        await azurite.RestartAsync();
        return azurite;
    }

    /// <summary>With the data it had.</summary>
    public async Task RestartAsync()
    {
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { await InstalledAsync(), "--blobHost", "127.0.0.1", "--blobPort", $"{_port}", "--location", _data, "--skipApiVersionCheck", "--disableTelemetry", "--silent" })
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

    /// <summary>Asked to end: it writes down what it holds. (Killed, it forgets what it acknowledged in the last seconds, which no service does.)</summary>
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

    /// <summary>The emulator's main file. Several test processes may want it at once: one installs, the others wait.</summary>
    private static async Task<string> InstalledAsync()
    {
        var manifest = Path.Combine(AppContext.BaseDirectory, "azurite");
        var folder = Path.Combine(ArtifactsFolder(), "azurite");
        Directory.CreateDirectory(folder);
        var main = Path.Combine(folder, "node_modules", "azurite", "dist", "src", "blob", "main.js");
        var done = Path.Combine(folder, "installed");
        using var _ = await LockAsync(Path.Combine(folder, "lock"));
        var wanted = await File.ReadAllTextAsync(Path.Combine(manifest, "package-lock.json"));
        if (File.Exists(done) && await File.ReadAllTextAsync(done) == wanted) return main;
        foreach (var file in Directory.GetFiles(manifest)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var start = new ProcessStartInfo("npm") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "ci", "--no-audit", "--no-fund", "--ignore-scripts" }) start.ArgumentList.Add(argument);
        using var npm = Process.Start(start)!;
        var said = await Task.WhenAll(npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0) throw new InvalidOperationException($"npm ci ended with {npm.ExitCode}: {string.Join('\n', said)}");
        await File.WriteAllTextAsync(done, wanted);
        return main;
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        for (var waited = 0; ; waited += 200)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < 600_000)
            {
                await Task.Delay(200);
            }
        }
    }

    private static string ArtifactsFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (folder.Name == "artifacts") return folder.FullName;
        return Path.GetTempPath();
    }
}
