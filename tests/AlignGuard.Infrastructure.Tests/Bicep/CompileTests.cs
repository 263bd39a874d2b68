using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Infrastructure.Tests.Rules;
using AlignGuard.Infrastructure.Tests.Support;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Bicep;

/// <summary>The templates compile, and neither compiler nor linter has anything to say.</summary>
public sealed class CompileTests
{
    [Fact]
    public async Task The_template_compiles_without_a_word()
    {
        var outcome = await Templates.Compiled;
        Assert.Equal("", outcome.Error.Trim());
        Assert.Equal(0, outcome.ExitCode);
    }

    [Theory]
    [InlineData("dev.bicepparam")]
    [InlineData("prod.bicepparam")]
    public async Task A_parameter_file_compiles_without_a_word(string file)
    {
        var outcome = await BicepCompiler.BuildParametersAsync(Repository.Path($"bicep/{file}"));
        Assert.Equal("", outcome.Error.Trim());
        Assert.Equal(0, outcome.ExitCode);
    }

    [Theory]
    [InlineData("@description('A key.')\noutput storeKey string = listKeys(resourceId('Microsoft.Storage/storageAccounts', names.store), '2025-01-01').keys[0].value", "outputs-should-not-contain-secrets")]
    [InlineData("var nobody = 1", "no-unused-vars")]
    [InlineData("param undescribed string = 'x'", "use-description-params")]
    public async Task What_the_linter_finds_is_an_error(string line, string rule)
    {
        using var folder = new BicepFolder();
        await File.AppendAllTextAsync(folder.File("main.bicep"), $"\n{line}\n");
        var outcome = await BicepCompiler.BuildAsync(folder.File("main.bicep"));
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains($"Error {rule}", outcome.Error);
    }

    [Fact]
    public void Every_rule_of_the_linter_is_an_error_but_the_one_that_looks_at_the_clock()
    {
        var config = JsonNode.Parse(Repository.Text("bicep/bicepconfig.json"), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip })!;
        var core = config["analyzers"]!["core"]!;
        Assert.True(core["enabled"]!.GetValue<bool>());
        var lenient = core["rules"]!.AsObject().Where(rule => rule.Value!["level"]!.ToString() != "error").Select(rule => rule.Key);
        Assert.Equal(["use-recent-api-versions"], lenient);
        Assert.True(core["rules"]!.AsObject().Count > 40);
    }

    [Fact]
    public async Task No_template_asks_for_a_secret_or_gives_one_out()
    {
        var compiled = (await Templates.Compiled).Output;
        Assert.DoesNotMatch(SecretRules.ListFunction(), compiled);
        Assert.DoesNotContain("securestring", compiled, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secureobject", compiled, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Every_parameter_has_a_description_and_every_module_is_used()
    {
        var template = JsonNode.Parse((await Templates.Compiled).Output)!;
        foreach (var (name, parameter) in template["parameters"]!.AsObject())
            Assert.True(parameter!["metadata"]?["description"]?.ToString().Length > 10, $"parameter {name} is not described");

        var main = Repository.Text("bicep/main.bicep");
        foreach (var module in Directory.EnumerateFiles(Repository.Path("bicep/modules"), "*.bicep"))
            Assert.Contains($"'modules/{Path.GetFileName(module)}'", main);
        // What comes from a registry of modules cannot be compiled without a network.
        Assert.DoesNotContain("'br", main);
    }
}
