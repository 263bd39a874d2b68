using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>
/// The sources that orchestrations consist of, read as text: where the SDK's analyzers cannot run, nothing in them may call a clock, draw a number, touch a file, start a thread or leave the engine's.
/// </summary>
public partial class DeterminismTests
{
    private static readonly string Root = typeof(DeterminismTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    private static readonly string[] Sources =
    [
        "src/AlignGuard.Pipeline/Runner/Driver.cs", "src/AlignGuard.Pipeline/Cloud/RunOrchestration.cs", "src/AlignGuard.Pipeline/Cloud/RunPort.cs", "src/AlignGuard.Pipeline/Cloud/SweepOrchestration.cs",
        "src/AlignGuard.Pipeline/Cloud/SweepPort.cs", "src/AlignGuard.Pipeline/Cloud/SweepPack.cs", "src/AlignGuard.Pipeline/Cloud/GpuCall.cs", "src/AlignGuard.Pipeline/Cloud/Patience.cs",
        "src/AlignGuard.Pipeline/Cloud/RunSnapshot.cs", "src/AlignGuard.Pipeline/Cloud/CommandCodec.cs", "src/AlignGuard.Pipeline/Cloud/Bounded.cs", "src/AlignGuard.Pipeline/Cloud/InstanceId.cs",
        "functions/AlignGuard.Orchestrator/DurableOrchestration.cs", "functions/AlignGuard.Orchestrator/FineTuningOrchestrator.cs", "functions/AlignGuard.Orchestrator/SweepOrchestrator.cs",
    ];

    public static TheoryData<string> Files => [.. Sources];

    [Theory]
    [MemberData(nameof(Files))]
    public void Nothing_in_an_orchestration_depends_on_when_or_where_it_is_replayed(string file) => Assert.Empty(Found(File.ReadAllText(Path.Combine(Root, file))));

    [Theory]
    [InlineData("var t = DateTime.UtcNow;", "DateTime.UtcNow")]
    [InlineData("await Task.Delay(1);", "Task.Delay")]
    [InlineData("await x.ConfigureAwait( false );", "ConfigureAwait( false")]
    [InlineData("// Task.Run is not for us\nvar s = \"Guid.NewGuid()\";", null)]
    [InlineData("var id = Guid.NewGuid();", "Guid.NewGuid")]
    [InlineData("lock (this) { }", "lock (")]
    [InlineData("static int _count;", "static int _count;")]
    [InlineData("private static readonly string[] Names = [];", null)]
    public void The_search_finds_what_it_is_for(string code, string? found) => Assert.Equal(found is null ? [] : [found], Found(code));

    private static IReadOnlyList<string> Found(string code) => [.. Banned().Matches(Words().Replace(code, "")).Select(m => m.Value)];

    /// <summary>Comments and texts.</summary>
    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*" """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Words();

    [GeneratedRegex("""
        \bDateTime(Offset)?\.(Now|UtcNow|Today)\b | \bTimeProvider\b | \bStopwatch\b | \bEnvironment\.\w+ | \bGuid\.(NewGuid|CreateVersion7)\b | \bRandom\b(?!\w) | \bRandomNumberGenerator\b
        | \bTask\.(Run|Delay|Factory|Yield)\b | \bThread(Pool)?\.\w+ | \bParallel\.\w+ | \bTimer\s*\( | \bConfigureAwait\(\s*false | \block\s*\( | \bInterlocked\b | \bMonitor\b | \bSemaphore(Slim)?\b
        | \b(File|Directory|Path|Console|Process|HttpClient|Socket)\.\w+ | \bnew\s+(HttpClient|FileStream)\b | \bthread_?static\b | \bAsyncLocal\b | \bstatic\s+(?!readonly|class|partial|async|\w[\w<>\[\]?,\s.]*\()[\w<>\[\]?]+\s+\w+\s*(=[^>][^;]*)?;
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase)]
    private static partial Regex Banned();
}
