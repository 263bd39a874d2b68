using System.Diagnostics;
using System.Runtime.InteropServices;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Emulation;

/// <summary>The local storage emulator: one that this process started and stops, or one that was there.</summary>
public sealed partial class Emulator : IAsyncDisposable
{
    private const int Sigterm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process? _process;
    private readonly Task<string[]>? _said;

    private Emulator(EmulatorAddress address, Process? process)
    {
        (Address, _process) = (address, process);
        if (process is not null) _said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    public EmulatorAddress Address { get; }

    /// <summary>False for one that was there: it is never stopped.</summary>
    public bool IsOwn => _process is not null;

    /// <summary>The one that answers at an address; where none does, it is installed if need be and started.</summary>
    /// <param name="data">Folder of its data; made if absent.</param>
    /// <param name="says">Told before something slow begins.</param>
    /// <exception cref="UserFaultException">The ports are somebody else's, Node is not there, or the folder cannot be written.</exception>
    /// <exception cref="StoreException">It does not come up.</exception>
    public static async Task<Emulator> OpenAsync(EmulatorAddress address, string data, Action<string>? says = null, CancellationToken cancellation = default)
    {
        if (await address.IsServedAsync(cancellation)) return new Emulator(address, null);
        try
        {
            Directory.CreateDirectory(data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException([$"--data {data} cannot be made a folder ({e.Message}). Name another."], e);
        }
        var programs = await AzuriteInstall.EnsureAsync(AzuriteInstall.DefaultCache, says, cancellation);
        var emulator = new Emulator(address, NodeProgram.Start("node",
        [
            Path.Combine(programs, "azurite.js"), "--blobHost", EmulatorAddress.Host, "--blobPort", $"{address.BlobPort}", "--queueHost", EmulatorAddress.Host, "--queuePort", $"{address.QueuePort}",
            // Nothing here uses tables, and they cannot be left out: any free port.
            "--tableHost", EmulatorAddress.Host, "--tablePort", "0",
            "--location", data, "--skipApiVersionCheck", "--disableTelemetry", "--silent",
        ]));
        try
        {
            await emulator.ReadyAsync(cancellation);
            return emulator;
        }
        catch
        {
            await emulator.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it ends by itself, which it should not; never for one that was there.</summary>
    /// <exception cref="StoreException">It ended.</exception>
    public async Task WatchAsync(CancellationToken cancellation)
    {
        if (_process is null) await Task.Delay(Timeout.Infinite, cancellation);
        await _process!.WaitForExitAsync(cancellation);
        // Ctrl-C reaches both processes, in any order: then it is no fault.
        await Task.Delay(500, cancellation);
        throw await EndedAsync();
    }

    /// <summary>Stops it if it is this process's own: asked to end, it writes down what it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        if (!_process.HasExited)
        {
            if (OperatingSystem.IsWindows()) _process.Kill();
            else _ = Kill(_process.Id, Sigterm);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private async Task ReadyAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (_process!.HasExited) throw await EndedAsync();
            try
            {
                if (await Address.IsServedAsync(cancellation)) return;
            }
            catch (UserFaultException) when (watch.Elapsed < Patience)
            {
                // One service is up, the other not yet.
            }
            if (watch.Elapsed > Patience) throw new StoreException($"Azurite did not open its ports {Address.BlobPort} and {Address.QueuePort} within a minute. Try again; a machine that busy may need it.");
            await Task.Delay(50, cancellation);
        }
    }

    private async Task<StoreException> EndedAsync() =>
        new($"Azurite ended by itself (exit code {_process!.ExitCode}): {string.Concat(await _said!).Trim()} Its data are kept; the same command starts it again.");

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
