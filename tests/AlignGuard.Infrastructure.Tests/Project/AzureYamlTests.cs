using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Support;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary><c>azure.yaml</c> names files that are there and services that the templates make.</summary>
public sealed class AzureYamlTests
{
    private readonly YamlDotNet.RepresentationModel.YamlMappingNode _project = Yaml.Read("azure.yaml");

    [Fact]
    public void The_template_and_its_parameter_file_are_there()
    {
        Assert.Equal("bicep", _project.Text("infra", "provider"));
        Assert.True(File.Exists(Repository.Path($"{_project.Text("infra", "path")}/{_project.Text("infra", "module")}.bicepparam")));
    }

    [Fact]
    public async Task Every_service_has_its_resource()
    {
        var deployment = await Templates.Dev;
        var tagged = deployment.Resources.Where(r => r.Text("tags.azd-service-name") is not null).ToDictionary(r => r.Text("tags.azd-service-name")!, r => r.Type);
        Assert.Equal(tagged.Keys.Order(), _project.At("services").Keys().Order());
        foreach (var service in _project.At("services").Keys())
            Assert.Equal(_project.Text("services", service, "host") == "function" ? "Microsoft.Web/sites" : "Microsoft.App/containerApps", tagged[service]);
    }

    [Fact]
    public void Container_files_and_contexts_are_there_and_images_are_built_in_the_registry()
    {
        foreach (var service in _project.At("services").Keys().Where(s => _project.Text("services", s, "host") == "containerapp"))
        {
            Assert.Equal(".", _project.Text("services", service, "project"));
            Assert.Equal(".", _project.Text("services", service, "docker", "context"));
            Assert.True(File.Exists(Repository.Path(_project.Text("services", service, "docker", "path")!)));
            Assert.Equal("true", _project.Text("services", service, "docker", "remoteBuild"));
        }
    }

    [Fact]
    public void Hooks_are_there_for_both_kinds_of_shell()
    {
        var shell = _project.Text("hooks", "preprovision", "posix", "run")!;
        Assert.True(File.Exists(Repository.Path(shell)));
        Assert.True(File.GetUnixFileMode(Repository.Path(shell)).HasFlag(UnixFileMode.UserExecute), $"{shell} cannot be executed");
        Assert.True(File.Exists(Repository.Path(_project.Text("hooks", "preprovision", "windows", "run")!)));
    }

    [SkippableFact]
    public void The_functions_project_is_there()
    {
        Skip.IfNot(Repository.HasHosts, "the hosts are not in functions/ yet");
        Assert.True(Directory.Exists(Repository.Path(_project.Text("services", "functions", "project")!)));
    }
}
