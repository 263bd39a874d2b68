using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>Every command that README shows is run, made small by further options; a command that nobody can make small here fails the test.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string Root = FindRoot();
    private static readonly int[] Finished = [0, 3];

    private static readonly string[] Small =
    [
        .. new[] { "train.steps=4", "train.segment=2", "train.batch=2", "train.threads=1", "guard.refreshEvery=2", "fisher.samples=40", "fisher.minRefusals=8",
            "driftcheck.size=20", "driftcheck.final=40", "driftcheck.maxNewTokens=8" }.SelectMany(o => new[] { "--set", o }),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-readme-").FullName;

    public static TheoryData<string> Commands => [.. Block().Matches(File.ReadAllText(Path.Combine(Root, "README.md")))
        .SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        .Select(line => line.Split('#')[0].Trim())
        .Where(line => line.Length > 0 && line != "dotnet test")];

    [SkippableTheory]
    [MemberData(nameof(Commands))]
    public async Task A_command_of_the_README_works(string command)
    {
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        Assert.Equal(["dotnet", "run", "-c", "Release", "--project"], words.Take(5));
        var project = words[5];
        Assert.True(Directory.Exists(Path.Combine(Root, project)), $"{project} is not there");
        var arguments = words.Skip(words.Count > 6 && words[6] == "--" ? 7 : 6).Select(w => w.StartsWith("samples/") ? Path.Combine(Root, w) : w).ToArray();
        var ended = Path.GetFileName(project) == "AlignGuard.Benchmarks"
            ? await RunAsync([.. arguments, .. arguments is ["durability"] ? ["10", "10", "50"] : (string[])["1"]], Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!, "..", "AlignGuard.Benchmarks", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "AlignGuard.Benchmarks.dll"))
            : await RunAsync(Shrunk(arguments));
        Assert.True(Finished.Contains(ended.ExitCode), $"exit code {ended.ExitCode}: {ended.Error}");
        Assert.NotEmpty(ended.Output);
    }

    /// <summary>docs/reliability.md promises what tests show: each test it names is there.</summary>
    [Fact]
    public void Every_test_that_the_reliability_table_names_exists()
    {
        var sources = string.Join('\n', Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*.*s", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".cs" or ".fs").Select(File.ReadAllText));
        var rows = File.ReadAllLines(Path.Combine(Root, "docs", "reliability.md")).Where(l => l.StartsWith("| ") && !l.StartsWith("| fault")).ToList();
        Assert.True(rows.Count > 20);
        foreach (var row in rows)
        {
            var names = Regex.Matches(row.Split('|')[3], "`([^`]+)`").Select(m => m.Groups[1].Value).ToList();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.True(sources.Contains($" {name}(") || sources.Contains($"let ``{name}``"), name));
        }
    }

    [Fact]
    public async Task The_demo_s_JSON_has_every_arm_and_every_figure()
    {
        var ended = await RunAsync(["demo", "--json", .. Small]);
        Assert.True(ended.ExitCode == 0, ended.Error);
        var document = JsonDocument.Parse(ended.Output).RootElement;
        Assert.True(document.GetProperty("seconds").GetDouble() > 0);
        var runs = document.GetProperty("runs").EnumerateArray().ToList();
        Assert.Equal([("lora", null), ("alignguard", "two-sided"), ("alignguard", "left"), ("alignguard", "random")],
            runs.Select(r => (r.GetProperty("method").GetString(), r.GetProperty("projector").GetString())));
        Assert.All(runs, run =>
        {
            Assert.Equal(0, run.GetProperty("seed").GetInt32());
            Assert.Contains(run.GetProperty("gate").GetString(), new[] { "accepted", "rejected" });
            foreach (var figure in new[] { "refusal", "overRefusal", "helpful" })
                Assert.All(new[] { "base", "tuned" }, model => Assert.InRange(run.GetProperty(model).GetProperty(figure).GetDouble(), 0, 1));
            Assert.InRange(run.GetProperty("tuned").GetProperty("task").GetDouble(), 0, 1);
        });
        Assert.Contains("AlignGuard", File.ReadAllText(Path.Combine(_folder, "alignguard-demo", "report.html")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string[] Shrunk(string[] arguments) => arguments switch
    {
        ["demo", ..] or ["run", ..] or ["sweep", ..] => [.. arguments, .. Small],
        ["methods", ..] => arguments,
        ["model", "verify", ..] => [.. arguments.Select(Fixture)],
        ["model", "info", ..] or ["model", "estimate", ..] => arguments,
        ["model", "train-demo", ..] => [.. arguments, "--steps", "1", "--hidden", "16", "--layers", "1"],
        _ => throw new Xunit.Sdk.XunitException($"README shows `{string.Join(' ', arguments)}`: say here how to run it in seconds."),
    };

    private static string Fixture(string argument)
    {
        if (argument is not ("DIR" or "FILE")) return argument;
        var folder = Path.Combine(Root, "..", "shared", "fixtures", "llama");
        Skip.IfNot(Directory.Exists(folder), "shared/fixtures is not beside the repository: there is no reference dump to verify against.");
        return argument == "DIR" ? folder : Path.Combine(folder, "expected.safetensors");
    }

    private async Task<Ended> RunAsync(string[] arguments, string? program = null)
    {
        using var process = AlignGuardProcess.Start(arguments, null, _folder, program);
        return await process.EndAsync();
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "AlignGuard.Pipeline.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("AlignGuard.Pipeline.sln is in no folder above the tests.");
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
