using AlignGuard.Infrastructure.Tests.Support;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>A copy of the hooks with an <c>az</c> and an <c>azd</c> that answer what the test wants; a real one is never called.</summary>
internal sealed class HookRehearsal : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HookRehearsal()
    {
        foreach (var needed in new[] { "azure.yaml", "infra/hooks", "bicep" }) _folder.Take(needed);
        Directory.CreateDirectory(_folder.File("path"));
        // Nothing else is on the path: an az of this machine cannot be found.
        foreach (var tool in new[] { "sed", "grep", "tr", "cut", "date", "dirname", "dotnet" })
            if (Find(tool) is { } program) File.CreateSymbolicLink(_folder.File($"path/{tool}"), program);
        Install("az", """
            #!/bin/sh
            echo "az $*" >> "$(dirname "$0")/calls"
            case "$*" in
              "account show"*) [ "$FAKE_SIGNED_IN" = yes ] || exit 1; echo subscription-1 ;;
              *list-supported*) [ -n "$FAKE_PROFILES" ] || exit 1; for profile in $FAKE_PROFILES; do echo "$profile"; done ;;
              *list-usages*) [ -n "$FAKE_LIMIT" ] || exit 1; printf '%s\n0\n' "$FAKE_LIMIT" ;;
              *) exit 2 ;;
            esac
            """);
        Install("azd", """
            #!/bin/sh
            echo "azd $*" >> "$(dirname "$0")/calls"
            """);
        Environment["PATH"] = _folder.File("path");
    }

    /// <summary>Signed in, a region with the profile of <c>dev.bicepparam</c>, quota for one GPU.</summary>
    public Dictionary<string, string?> Environment { get; } = new()
    {
        ["Cloud"] = "true", ["AZURE_LOCATION"] = "swedencentral", ["AZURE_SUBSCRIPTION_ID"] = null, ["ALIGNGUARD_BUDGET_START"] = null,
        ["FAKE_SIGNED_IN"] = "yes", ["FAKE_PROFILES"] = "D4 Consumption-GPU-NC8as-T4", ["FAKE_LIMIT"] = "1.0",
    };

    /// <summary>PowerShell, if this machine has it.</summary>
    public static string? PowerShell => Find("pwsh");

    /// <summary>What the fakes were called with, a line each.</summary>
    public string Calls => File.Exists(_folder.File("path/calls")) ? File.ReadAllText(_folder.File("path/calls")) : "";

    public void Replace(string file, string old, string changed) => File.WriteAllText(_folder.File(file), File.ReadAllText(_folder.File(file)).Replace(old, changed));

    public void Remove(string file) => File.Delete(_folder.File(file));

    /// <param name="windows">The hook for Windows, by <see cref="PowerShell"/>.</param>
    public Task<Outcome> RunAsync(bool windows) => windows
        ? Support.Program.RunAsync(PowerShell!, ["-NoProfile", "-NonInteractive", "-File", _folder.File("infra/hooks/preprovision.ps1")], Environment)
        : Support.Program.RunAsync("/bin/sh", [_folder.File("infra/hooks/preprovision.sh")], Environment);

    public void Dispose() => _folder.Dispose();

    private static string? Find(string program) =>
        $"{System.Environment.GetEnvironmentVariable("PATH")}:/usr/bin:/bin".Split(':').Select(p => Path.Combine(p, program)).FirstOrDefault(File.Exists);

    private void Install(string name, string script)
    {
        var file = _folder.File(Path.Combine("path", name));
        File.WriteAllText(file, script);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
