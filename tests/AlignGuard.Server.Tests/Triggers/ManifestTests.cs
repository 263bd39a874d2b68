using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Triggers;
using Xunit;

namespace AlignGuard.Server.Tests.Triggers;

/// <summary>Manifests in a watched folder: what they may say, and that nothing outside can be named.</summary>
public sealed class ManifestTests : IDisposable
{
    private readonly ServerFolder _folder = new();
    private readonly string _drop;
    private readonly WatchedSource _source;

    public ManifestTests()
    {
        _drop = Directory.CreateDirectory(Path.Combine(_folder.Root, "drop", "set")).FullName;
        Directory.CreateDirectory(Path.Combine(_drop, "held"));
        foreach (var data in new[] { "train.jsonl", "eval.jsonl", "held/eval.jsonl" }) File.WriteAllText(Path.Combine(_drop, data), "{}");
        _source = WatchedSource.Folder(Path.Combine(_folder.Root, "drop"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Names_become_paths_below_the_folder_of_the_manifest()
    {
        var job = await ReadAsync($$"""{ "version": 1, "job": {{Jobs.Json(train: "train.jsonl", eval: "./held/eval.jsonl")}} }""");
        Assert.Equal(Path.Combine(_drop, "train.jsonl"), job.Spec.Data.Train.ToString());
        Assert.Equal(Path.Combine(_drop, "held/eval.jsonl"), job.Spec.Data.Eval.ToString());
        Assert.Equal("base", job.Spec.Model);
        Assert.Equal("job-suffix00", job.Spec.Name);
        Assert.Equal(Path.Combine(_folder.Models, "base"), job.Resolved.Model);
    }

    [Fact]
    public async Task Data_that_are_not_there_are_told_of_at_once()
    {
        var problems = await RefusedAsync($$"""{ "version": 1, "job": {{Jobs.Json(train: "late.jsonl", eval: "later.jsonl")}} }""");
        Assert.Contains(problems, p => p.Contains("data.train: there is no late.jsonl beside the manifest"));
        Assert.Contains(problems, p => p.Contains("data.eval: there is no later.jsonl beside the manifest"));
    }

    [Fact]
    public async Task A_long_name_is_cut_so_that_its_suffix_fits()
    {
        var job = await ReadAsync($$"""{ "version": 1, "job": {{Jobs.Json(new string('n', 64))}} }""");
        Assert.Equal(64, job.Spec.Name.Length);
        Assert.EndsWith("n-suffix00", job.Spec.Name);
    }

    [Theory]
    [InlineData("../train.jsonl")]
    [InlineData("a/../../train.jsonl")]
    [InlineData("/etc/passwd")]
    [InlineData("//host/share")]
    [InlineData("\\\\\\\\host\\\\share")]
    [InlineData("a\\\\..\\\\..\\\\b")]
    [InlineData("C:/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://example.com/x")]
    [InlineData("store://account/container/x")]
    public async Task What_points_outside_its_container_is_refused_key_by_key(string value)
    {
        var more = $$""" "fisher": { "prompts": "{{value}}3" }, "driftcheck": { "prompts": "{{value}}4" } """;
        var problems = await RefusedAsync($$"""{ "version": 1, "job": {{Jobs.Json(train: value, eval: value + "2")[..^1]}}, {{more}} } }""");
        foreach (var key in new[] { "data.train", "data.eval", "fisher.prompts", "driftcheck.prompts" }) Assert.Contains(problems, p => p.Contains($"{key}: this points outside its container"));
        Assert.Contains("points outside its container", Assert.Single(await RefusedAsync($$"""{ "version": 1, "job": "{{value}}" }""")));
    }

    [Theory]
    [InlineData("..%2ftrain.jsonl")]
    [InlineData("tr\\u0000ain.jsonl")]
    [InlineData("train.jsonl.")]
    [InlineData("a//b")]
    public async Task What_is_no_name_is_refused(string value) => Assert.Contains(await RefusedAsync($$"""{ "version": 1, "job": "{{value}}" }"""), p => p.Contains("is not a name in the store"));

    [Fact]
    public async Task A_link_leads_outside_too()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Root, "secret.jsonl"), "{}");
        File.CreateSymbolicLink(Path.Combine(_drop, "link.jsonl"), Path.Combine(_folder.Root, "secret.jsonl"));
        Directory.CreateSymbolicLink(Path.Combine(_drop, "up"), _folder.Root);
        var problems = await RefusedAsync($$"""{ "version": 1, "job": {{Jobs.Json(train: "link.jsonl", eval: "up/secret.jsonl")}} }""");
        Assert.Equal(2, problems.Count(p => p.Contains("points outside its container")));
    }

    [Theory]
    [InlineData("", "this is not JSON")]
    [InlineData("[]", "a manifest is a group of keys")]
    [InlineData("{}", "version: the key is missing|job: the key is missing")]
    [InlineData("{ \"version\": 2, \"job\": 5, \"new\": 1 }", "version: 2 is newer than this program, which reads up to 1")]
    [InlineData("{ \"version\": \"1\", \"job\": {} }", "version: must be an integer")]
    [InlineData("{ \"version\": 0, \"job\": {} }", "version: must be an integer")]
    [InlineData("{ \"version\": 1, \"job\": [], \"extra\": true, \"More\": 1 }", "job: must be a job|extra: unknown key|More: unknown key")]
    [InlineData("{ \"version\": 1, \"version\": 1, \"job\": {} }", "a key is there twice")]
    [InlineData("{ \"version\": 1, \"job\": {} }", "name: the key is missing|train.steps: the key is missing")]
    [InlineData("{ \"version\": 1, \"job\": { \"name\": \"x\", \"surprise\": 1 } }", "surprise: unknown key")]
    public async Task Every_problem_of_a_manifest_is_told_with_its_place(string content, string expected)
    {
        var problems = await RefusedAsync(content);
        foreach (var one in expected.Split('|')) Assert.Contains(problems, p => p.Contains(one) && p.Contains("_READY.json"));
    }

    [Fact]
    public async Task A_model_is_named_and_not_pointed_at()
    {
        foreach (var model in new[] { "../base", "/models/base", "./base", "https://example.com/base" })
            Assert.Contains("model: ", Assert.Single(await RefusedAsync($$"""{ "version": 1, "job": {{Jobs.Json(model: model)}} }""")));
        Assert.Contains("holds no model 'other'. It holds: base", Assert.Single(await RefusedAsync($$"""{ "version": 1, "job": {{Jobs.Json(model: "other")}} }""")));
    }

    [Fact]
    public async Task A_manifest_of_more_than_1_MiB_is_refused()
    {
        Assert.Contains("larger than 1 MiB", Assert.Single(await RefusedAsync(new string(' ', ReadyManifest.MaxBytes + 1))));
        await File.WriteAllTextAsync(Path.Combine(_drop, "job.yaml"), new string(' ', ReadyManifest.MaxBytes + 1));
        Assert.Contains("larger than 1 MiB", Assert.Single(await RefusedAsync("""{ "version": 1, "job": "job.yaml" }""")));
    }

    [Fact]
    public async Task In_a_watched_folder_a_manifest_starts_its_run_and_another_beside_it_another()
    {
        await using var server = await RunningServer.StartAsync(_folder, sources: [_source]);
        var second = Directory.CreateDirectory(Path.Combine(_folder.Root, "drop", "second")).FullName;
        foreach (var data in new[] { "train.jsonl", "eval.jsonl" }) File.Copy(Path.Combine(_drop, data), Path.Combine(second, data));
        var before = Directory.GetFiles(Path.Combine(_folder.Root, "drop"), "*", SearchOption.AllDirectories).Length;
        foreach (var set in new[] { "set", "second" }) await File.WriteAllTextAsync(Path.Combine(_folder.Root, "drop", set, ReadyManifest.FileName), $$"""{ "version": 1, "job": {{Jobs.Json()}} }""");
        await Eventually.TrueAsync(() => server.Executor.Begun.Count == 2, "two runs");
        Assert.Equal(2, server.Executor.Begun.Distinct().Count());
        // What was watched is untouched.
        Assert.Equal(before + 2, Directory.GetFiles(Path.Combine(_folder.Root, "drop"), "*", SearchOption.AllDirectories).Length);
    }

    private Task<Job> ReadAsync(string manifest) => new ManifestReader(new JobPolicy(_folder.Models)).ReadAsync(_source, "set/" + ReadyManifest.FileName, Encoding.UTF8.GetBytes(manifest), "suffix00", CancellationToken.None);

    private async Task<IReadOnlyList<string>> RefusedAsync(string manifest) => (await Assert.ThrowsAsync<UserFaultException>(() => ReadAsync(manifest))).Problems;
}
