using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using Xunit;

namespace AlignGuard.Server.Tests.Http;

/// <summary>Every address as it is meant to be used.</summary>
public sealed class EndpointTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("application/yaml")]
    [InlineData("application/x-yaml")]
    [InlineData("text/yaml")]
    [InlineData("text/x-yaml; charset=utf-8")]
    [InlineData("application/json")]
    public async Task A_job_is_accepted_and_runs_to_its_end(string type)
    {
        await using var server = await RunningServer.StartAsync(_folder);
        using var body = new StringContent(type.Contains("json") ? Jobs.Json() : Jobs.Yaml());
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var answer = await server.Http.PostAsync("/runs", body);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal($"/runs/{Jobs.Job().RunId}", answer.Headers.Location!.OriginalString);
        await Eventually.TrueAsync(async () => (await server.Http.GetAsync(answer.Headers.Location).OkAsync()).GetProperty("phase").GetString() == "ended", "it has ended");
        var run = await server.Http.GetAsync(answer.Headers.Location).OkAsync();
        Assert.Equal("accepted", run.GetProperty("progress").GetProperty("stage").GetString());
        Assert.Equal(2, run.GetProperty("progress").GetProperty("step").GetInt32());
        Assert.Equal(0.97, run.GetProperty("progress").GetProperty("drift").GetProperty("refusal").GetDouble());
        Assert.Equal(Jobs.Job().RunId, Assert.Single((await server.Http.GetAsync("/runs").OkAsync()).EnumerateArray()).GetProperty("runId").GetString());
    }

    [Fact]
    public async Task The_same_key_never_starts_a_second_run_and_never_another_one()
    {
        await using var server = await RunningServer.StartAsync(_folder);
        Assert.False((await PostAsync("key-1", Jobs.Yaml()).OkAsync(HttpStatusCode.Accepted)).GetProperty("alreadyKnown").GetBoolean());
        Assert.True((await PostAsync("key-1", Jobs.Yaml()).OkAsync(HttpStatusCode.Accepted)).GetProperty("alreadyKnown").GetBoolean());
        Assert.Contains("was given before", await PostAsync("key-1", Jobs.Yaml("other")).ProblemAsync(409));
        Assert.Contains("1 to 200 printable", await PostAsync(new string('k', 201), Jobs.Yaml()).ProblemAsync(400));
        Assert.DoesNotContain("other", string.Join(' ', await _folder.Store.ListAsync("")));
        Assert.DoesNotContain("key-1", string.Join(' ', await _folder.Store.ListAsync("")));

        async Task<HttpResponseMessage> PostAsync(string key, string job)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/runs") { Content = Calls.Yaml(job) };
            request.Headers.Add("Idempotency-Key", key);
            return await server.Http.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_run_is_cancelled_once_and_for_all()
    {
        await using var server = await RunningServer.StartAsync(_folder, work: (_, stop) => Task.Delay(Timeout.Infinite, stop));
        var id = await server.Http.StartAsync(Jobs.Yaml());
        for (var n = 0; n < 2; n++) Assert.True((await server.Http.PostAsync($"/runs/{id}/cancel", null).OkAsync(HttpStatusCode.Accepted)).GetProperty("cancelRequested").GetBoolean());
        Assert.True(await RunMarkers.IsSetAsync(_folder.Store, RunMarkers.Cancel(id)));
    }

    [Fact]
    public async Task The_first_decision_stands()
    {
        await using var server = await RunningServer.StartAsync(_folder);
        var id = await WaitingForApprovalAsync(server);
        var path = $"/runs/{id}/approve";
        var first = await server.Http.PostAsync(path, Calls.Json("""{ "approved": true, "by": "Ada", "comment": "read all of it" }""")).OkAsync();
        var again = await server.Http.PostAsync(path, Calls.Json("""{ "approved": true, "by": "Ada", "comment": "read all of it" }""")).OkAsync();
        Assert.Equal(first.GetProperty("at").GetDateTimeOffset(), again.GetProperty("at").GetDateTimeOffset());
        Assert.Contains("was approved before", await server.Http.PostAsync(path, Calls.Json("""{ "approved": false, "by": "Bob" }""")).ProblemAsync(409));
        var held = await ApprovalMarker.FindAsync(_folder.Store, id);
        Assert.Equal((true, "Ada", "read all of it"), (held!.Approved, held.By, held.Comment));
        Assert.Equal("Ada", (await server.Http.GetAsync($"/runs/{id}").OkAsync()).GetProperty("approval").GetProperty("by").GetString());
        // The run waited in the queue for it, and goes on.
        await Eventually.TrueAsync(async () => (await server.Handlers.StatusAsync(id)).Progress is { Stage: "accepted" }, "it is accepted");
    }

    /// <summary>A run that the gate accepted and that waits for a person.</summary>
    private static async Task<string> WaitingForApprovalAsync(RunningServer server)
    {
        var id = await server.Http.StartAsync(Jobs.Yaml(more: "gate: { approval: required }"));
        await Eventually.TrueAsync(async () => (await server.Handlers.StatusAsync(id)).Progress is { Stage: RunStatus.ApprovalStage }, "it waits");
        return id;
    }

    [Fact]
    public async Task A_run_that_waits_for_no_decision_takes_none()
    {
        await using var server = await RunningServer.StartAsync(_folder, work: (_, stop) => Task.Delay(Timeout.Infinite, stop));
        var id = await server.Http.StartAsync(Jobs.Yaml());
        Assert.Contains("waits for no decision", await server.Http.PostAsync($"/runs/{id}/approve", Calls.Json("""{ "approved": true, "by": "Ada" }""")).ProblemAsync(409));
        Assert.Null(await ApprovalMarker.FindAsync(_folder.Store, id));
    }

    [Fact]
    public async Task Of_many_decisions_at_once_one_stands()
    {
        await using var server = await RunningServer.StartAsync(_folder);
        var id = await WaitingForApprovalAsync(server);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => Task.Run(async () =>
        {
            try
            {
                return (await server.Handlers.ApproveAsync(id, new ApprovalRequest(n % 2 == 0, $"person-{n}"))).By;
            }
            catch (ConflictException)
            {
                return null;
            }
        })));
        Assert.Equal((await ApprovalMarker.FindAsync(_folder.Store, id))!.By, Assert.Single(answers, a => a is not null));
    }

    [Fact]
    public async Task Files_are_listed_with_what_their_commits_say_and_served_whole()
    {
        await using var server = await RunningServer.StartAsync(_folder);
        var id = await server.Http.StartAsync(Jobs.Yaml());
        await Eventually.TrueAsync(async () => (await server.Handlers.StatusAsync(id)).Phase == RunPhase.Ended, "it has ended");
        var content = Encoding.UTF8.GetBytes("weights");
        await new CommitProtocol(_folder.Store).CommitAsync($"runs/{id}/segments/0", "segment/0", "spec", new Dictionary<string, CommitReference>(), new Dictionary<string, byte[]> { ["adapter.safetensors"] = content }, new { });
        var files = (await server.Http.GetAsync($"/runs/{id}/files").OkAsync()).EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!);
        var adapter = files.Single(f => f.Key.EndsWith("adapter.safetensors"));
        Assert.Equal(content.Length, adapter.Value.GetProperty("length").GetInt64());
        Assert.Equal(64, adapter.Value.GetProperty("sha256").GetString()!.Length);
        Assert.Contains($"models/job/{id}/README.md", files.Keys);
        foreach (var name in files.Keys)
        {
            using var file = await server.Http.GetAsync($"/runs/{id}/files/{name}");
            Assert.Equal(HttpStatusCode.OK, file.StatusCode);
            Assert.Equal((await _folder.Store.ReadAsync(name))!.Content, await file.Content.ReadAsByteArrayAsync());
            Assert.Equal("attachment", file.Content.Headers.ContentDisposition!.DispositionType);
            Assert.Equal("nosniff", file.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Contains("sandbox", file.Headers.GetValues("Content-Security-Policy").Single());
        }
    }

    [Fact]
    public async Task Health_says_whether_the_store_is_there()
    {
        await using var server = await RunningServer.StartAsync(_folder, "a-token-of-sixteen-or-more");
        Assert.Equal("ready", (await server.Http.GetAsync("/health/ready").OkAsync()).GetProperty("status").GetString());
        using var anybody = new HttpClient { BaseAddress = server.Uri };
        Assert.Equal("alive", (await anybody.GetAsync("/health/live").OkAsync()).GetProperty("status").GetString());
        Directory.Move(_folder.Store.Location, _folder.Store.Location + "-away");
        Assert.Contains("store cannot be reached", await server.Http.GetAsync("/health/ready").ProblemAsync(503));
        Assert.Equal("alive", (await anybody.GetAsync("/health/live").OkAsync()).GetProperty("status").GetString());
        Directory.Move(_folder.Store.Location + "-away", _folder.Store.Location);
    }
}
