using System.Text.Json.Nodes;
using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Support;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>The pages beside the templates leave nothing out and name nothing that is not there.</summary>
public sealed class ReadmeTests
{
    private readonly string _bicep = Repository.Text("bicep/README.md"), _infra = Repository.Text("infra/README.md");

    [Fact]
    public async Task Every_parameter_is_in_the_table()
    {
        foreach (var (name, _) in JsonNode.Parse((await Templates.Compiled).Output)!["parameters"]!.AsObject()) Assert.Contains($"`{name}`", _bicep);
    }

    [Fact]
    public async Task Every_setting_of_every_host_is_in_the_table_and_there_are_no_others()
    {
        var deployment = await Templates.Dev;
        var containers = new[] { "orchestrator", "gpu-worker" }.SelectMany(app => deployment.App(app).At("properties.template.containers.0.env")!.AsArray()).Select(e => e!["name"]!.ToString());
        // The Functions app's settings come together at deployment: they are looked for in the module.
        var module = Repository.Text("bicep/modules/functions.bicep");
        var section = _bicep[_bicep.IndexOf("## What the hosts are told", StringComparison.Ordinal).._bicep.IndexOf("## Private networking", StringComparison.Ordinal)];
        var documented = section.Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal)).SelectMany(l => l.Split('|')[1].Split(',')).Select(name => name.Trim(' ', '`')).ToHashSet();
        Assert.Empty(containers.Except(documented));
        foreach (var name in documented.Except(containers)) Assert.Contains($"name: '{name}'", module);
    }

    [Fact]
    public void Every_variable_that_parameter_files_read_is_named()
    {
        foreach (var file in new[] { "bicep/dev.bicepparam", "bicep/prod.bicepparam" })
            foreach (var name in Repository.Text(file).Split("readEnvironmentVariable('").Skip(1).Select(rest => rest[..rest.IndexOf('\'')])) Assert.Contains($"`{name}`", _bicep);
    }

    [Fact]
    public void Every_module_and_every_exit_code_is_explained()
    {
        foreach (var module in Directory.EnumerateFiles(Repository.Path("bicep/modules"), "*.bicep")) Assert.Contains($"`{Path.GetFileNameWithoutExtension(module)}`", _bicep);
        foreach (var code in HookTests.Cases.Select(c => c.Code).Distinct()) Assert.Contains($"\n| {code} | ", _infra);
    }

    [Fact]
    public void Both_say_plainly_that_nothing_was_deployed()
    {
        Assert.Contains("The tests deploy nothing", _bicep);
        Assert.Contains("The tests deploy nothing", _infra);
    }
}
