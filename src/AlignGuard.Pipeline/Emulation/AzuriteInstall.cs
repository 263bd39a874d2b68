using System.Text.Json;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Emulation;

/// <summary>
/// Azurite from npm, in the version of the manifest beside this program, hash for hash (<c>npm ci</c>). Installed once, in a folder of its version; of
/// processes that want it at once, one installs and the others wait.
/// </summary>
public static class AzuriteInstall
{
    private static readonly string Manifest = Path.Combine(AppContext.BaseDirectory, "azurite");

    /// <summary>Per user: <c>$XDG_CACHE_HOME/alignguard</c>, by default <c>~/.cache/alignguard</c>.</summary>
    public static string DefaultCache => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "alignguard");

    /// <summary>The pinned version, e.g. 3.37.0.</summary>
    public static string Version { get; } = ReadVersion();

    /// <summary>Installs it if need be.</summary>
    /// <param name="cache">Folder that holds <c>azurite-VERSION</c>; made if absent.</param>
    /// <param name="says">Told before something slow begins.</param>
    /// <returns>Folder of its programs: <c>azurite.js</c> is all services, <c>blob/main.js</c> only one.</returns>
    /// <exception cref="UserFaultException">Node or npm is absent or too old, or npm fails.</exception>
    public static async Task<string> EnsureAsync(string cache, Action<string>? says = null, CancellationToken cancellation = default)
    {
        await NodeProgram.CheckAsync(cancellation);
        var folder = Path.Combine(cache, $"azurite-{Version}");
        var programs = Path.Combine(folder, "node_modules", "azurite", "dist", "src");
        var done = Path.Combine(folder, "installed");
        try
        {
            Directory.CreateDirectory(folder);
            using var _ = await LockAsync(Path.Combine(folder, "lock"), cancellation);
            var wanted = await File.ReadAllTextAsync(Path.Combine(Manifest, "package-lock.json"), cancellation);
            if (File.Exists(done) && await File.ReadAllTextAsync(done, cancellation) == wanted) return programs;
            says?.Invoke($"Installing Azurite {Version} from npm into {folder} (once).");
            foreach (var name in new[] { "package.json", "package-lock.json" }) File.Copy(Path.Combine(Manifest, name), Path.Combine(folder, name), overwrite: true);
            var (exitCode, said) = await NodeProgram.RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder, cancellation);
            if (exitCode != 0)
                throw new UserFaultException([$"npm ci in {folder} ended with {exitCode}: {string.Join(' ', said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).TakeLast(5))} Check the network and npm's registry (npm config get registry), and try again."]);
            await File.WriteAllTextAsync(done, wanted, cancellation);
            return programs;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException([$"The storage emulator cannot be installed in {folder} ({e.Message}). Make room or make it writable, or name another cache with XDG_CACHE_HOME."], e);
        }
    }

    private static string ReadVersion()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Manifest, "package.json")));
        return manifest.RootElement.GetProperty("dependencies").GetProperty("azurite").GetString()!;
    }

    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellation)
    {
        for (var waited = 0; ; waited += 200)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < 600_000)
            {
                await Task.Delay(200, cancellation);
            }
        }
    }
}
