using System.Text.RegularExpressions;
using AlignGuard.Infrastructure.Tests.Support;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>Container files: named versions, no rights, and nothing that is not in the repository.</summary>
public sealed partial class ContainerFileTests
{
    private static IEnumerable<string> Names => Directory.EnumerateFiles(Repository.Path("infra/containers"), "*.Dockerfile").Select(f => Path.GetFileName(f)).Order();

    public static TheoryData<string> Files => [.. Names];

    [Fact]
    public void There_is_one_for_every_host() => Assert.Equal(["functions.Dockerfile", "gpu-worker.Dockerfile", "orchestrator.Dockerfile"], Names);

    [Theory]
    [MemberData(nameof(Files))]
    public void Images_come_from_Microsoft_with_a_version(string file)
    {
        var images = From().Matches(Text(file)).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(2, images.Count);
        foreach (var image in images)
        {
            Assert.StartsWith("mcr.microsoft.com/", image);
            var tag = Assert.IsType<string>(image.Split(':').ElementAtOrDefault(1));
            Assert.False(tag.StartsWith("latest"), image);
            Assert.Contains("10.0", tag);
            if (image.StartsWith("mcr.microsoft.com/dotnet/")) Assert.EndsWith("-noble", tag);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_last_stage_runs_without_rights(string file)
    {
        var last = Text(file)[Text(file).LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        var user = User().Match(last).Groups[1].Value;
        Assert.True(user == "$APP_UID" || (int.TryParse(user, out var id) && id >= 1000), $"{file}: USER is '{user}'");
        // What comes after it must not need them back.
        Assert.DoesNotContain("RUN", last[last.IndexOf("\nUSER ", StringComparison.Ordinal)..]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_cloud_switch_is_set_and_the_worker_chooses_its_Torch(string file)
    {
        var publish = Assert.Single(Text(file).Split('\n'), line => line.StartsWith("RUN dotnet publish ", StringComparison.Ordinal));
        Assert.Contains(" -p:Cloud=true", publish);
        Assert.Contains(" -c Release", publish);
        Assert.Equal(file == "gpu-worker.Dockerfile", publish.Contains(" -p:Torch=$TORCH"));
        Assert.Equal(file == "gpu-worker.Dockerfile", Text(file).Contains("\nARG TORCH=cuda\n"));
    }

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void Projects_are_there_and_make_the_program_that_is_started(string file)
    {
        var project = Published().Match(Text(file)).Groups[1].Value;
        Assert.StartsWith("functions/AlignGuard.", project);
        if (Text(file).Contains("ENTRYPOINT")) Assert.Contains($"[\"dotnet\", \"{Path.GetFileName(project)}.dll\"]", Text(file));
        Skip.IfNot(Repository.HasHosts, "the hosts are not in functions/ yet");
        Assert.True(File.Exists(Repository.Path($"{project}/{Path.GetFileName(project)}.csproj")), $"{project} is not there");
    }

    [Fact]
    public void The_context_holds_what_a_build_needs_and_no_litter()
    {
        var ignored = Repository.Text(".dockerignore").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#').ToList();
        // The local emulator's manifest and the libtorch patch lie in eng; the bundled model and its job in samples.
        foreach (var needed in new[] { "src", "functions", "eng", "samples", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json" })
            Assert.DoesNotContain(needed, ignored);
        foreach (var litter in new[] { ".git", "artifacts", "**/bin", "**/obj", "**/node_modules", ".azure", "tests" }) Assert.Contains(litter, ignored);
        // A pattern that brings something back would make the list above a guess.
        Assert.DoesNotContain(ignored, l => l.StartsWith('!'));
    }

    private static string Text(string file) => Repository.Text($"infra/containers/{file}");

    [GeneratedRegex(@"^FROM (\S+)", RegexOptions.Multiline)]
    private static partial Regex From();

    [GeneratedRegex(@"^USER (\S+)", RegexOptions.Multiline)]
    private static partial Regex User();

    [GeneratedRegex(@"dotnet publish (\S+)")]
    private static partial Regex Published();
}
