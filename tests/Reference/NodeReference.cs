using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace AlignGuard.Tests;

/// <summary>
/// The JavaScript implementations that checkpoints are published for, with their vocabularies: installed from npm on first use, hash for hash, under the artifacts
/// folder. Node is all that has to be there.
/// </summary>
internal static class NodeReference
{
    private static readonly string Manifest = Path.Combine(AppContext.BaseDirectory, "reference");
    private static readonly Lazy<string> Installed = new(Install);

    /// <summary>The folder of a published tokenizer: tokenizer.json and tokenizer_config.json.</summary>
    /// <param name="package">As <c>tokenizer-gpt2</c>.</param>
    public static string Vocabulary(string package) => Path.Combine(Installed.Value, "node_modules", "@lenml", package, "models");

    /// <summary>One run of the script.</summary>
    public static JsonNode Ask(JsonObject request)
    {
        var (exitCode, output, errors) = Run("node", [Path.Combine(Manifest, "reference.mjs")], request.ToJsonString());
        return exitCode == 0 ? JsonNode.Parse(output)! : throw new InvalidOperationException($"The reference failed: {errors}");
    }

    private static string Install()
    {
        var wanted = File.ReadAllText(Path.Combine(Manifest, "package-lock.json"));
        var folder = Path.Combine(Artifacts(), "alignguard", $"reference-{Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(wanted)))[..12]}");
        Directory.CreateDirectory(folder);
        using var one = Lock(Path.Combine(folder, "lock"));
        var done = Path.Combine(folder, "installed");
        if (File.Exists(done)) return folder;
        foreach (var name in new[] { "package.json", "package-lock.json" }) File.Copy(Path.Combine(Manifest, name), Path.Combine(folder, name), overwrite: true);
        var (exitCode, output, errors) = Run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], "", folder);
        if (exitCode != 0) throw new InvalidOperationException($"npm ci in {folder} ended with {exitCode}: {output}{errors}");
        // The packages hold each vocabulary six times over, as code; the JSON files are all that is read.
        foreach (var package in Directory.GetDirectories(Path.Combine(folder, "node_modules", "@lenml")))
            foreach (var part in new[] { "dist", "src" }.Select(p => Path.Combine(package, p)).Where(Directory.Exists)) Directory.Delete(part, recursive: true);
        File.WriteAllText(done, "");
        return folder;
    }

    private static (int ExitCode, string Output, string Errors) Run(string program, string[] arguments, string input, string? folder = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? Installed.Value };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.Result, errors.Result);
    }

    private static FileStream Lock(string path)
    {
        for (var waited = 0; ; waited += 200)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < 600_000)
            {
                Thread.Sleep(200);
            }
        }
    }

    private static string Artifacts()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (folder.Name == "artifacts") return folder.FullName;
        return Path.GetTempPath();
    }
}
