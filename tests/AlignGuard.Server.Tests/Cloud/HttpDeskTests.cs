using System.Text;
using System.Text.Json;
using AlignGuard.Pipeline.Cloud;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AlignGuard.Server.Tests.Cloud;

public sealed class HttpDeskTests : IDisposable
{
    private readonly CloudFixture _cloud = new();

    public void Dispose() => _cloud.Dispose();

    private async Task<(int Status, JsonElement Body)> AskAsync(Func<HttpContext, Task> ask, string body = "", string type = "application/yaml")
    {
        var context = new DefaultHttpContext { RequestServices = _cloud.Services };
        var answer = new MemoryStream();
        (context.Request.Method, context.Request.Body, context.Request.ContentType, context.Response.Body) = ("POST", new MemoryStream(Encoding.UTF8.GetBytes(body)), type, answer);
        await ask(context);
        return (context.Response.StatusCode, answer.Length == 0 ? default : JsonDocument.Parse(answer.ToArray()).RootElement);
    }

    [Fact]
    public async Task A_run_is_started_shown_and_cancelled()
    {
        var (status, started) = await AskAsync(_cloud.Http.StartAsync, CloudFixture.Yaml());
        Assert.Equal(202, status);
        var run = started.GetProperty("runId").GetString()!;
        // At once, not at the next scan.
        Assert.Equal(InstanceId.OfRun(run), Assert.Single(_cloud.Hub.Started).Instance);

        var (shown, view) = await AskAsync(c => _cloud.Http.StatusAsync(c, run));
        Assert.Equal((200, "queued"), (shown, view.GetProperty("phase").GetString()));
        // Nothing was accepted yet that could be decided on.
        Assert.Equal(409, (await AskAsync(c => _cloud.Http.ApproveAsync(c, run), """{"approved":true,"by":"somebody"}""", "application/json")).Status);
        Assert.Equal(202, (await AskAsync(c => _cloud.Http.CancelAsync(c, run))).Status);
        Assert.Contains((InstanceId.OfRun(run), CloudNames.CancelEvent), _cloud.Hub.Raised);
    }

    [Fact]
    public async Task Faults_are_problem_documents()
    {
        Assert.Equal(400, (await AskAsync(_cloud.Http.StartAsync, "name: [")).Status);
        Assert.Equal(400, (await AskAsync(_cloud.Http.StartAsync, Support.Jobs.Yaml(model: "/etc/model"))).Status);
        Assert.Equal(415, (await AskAsync(_cloud.Http.StartAsync, "x", "text/html")).Status);
        Assert.Equal(413, (await AskAsync(_cloud.Http.StartAsync, new string('x', 2 << 20))).Status);
        Assert.Equal(404, (await AskAsync(c => _cloud.Http.StatusAsync(c, "..%2fetc"))).Status);
        Assert.Equal(404, (await AskAsync(c => _cloud.Http.CancelAsync(c, "nobody-0123456789"))).Status);
    }

    [Fact]
    public async Task A_task_hub_that_is_away_does_not_keep_a_run_from_being_accepted()
    {
        _cloud.Hub.Away = true;
        Assert.Equal(202, (await AskAsync(_cloud.Http.StartAsync, CloudFixture.Yaml())).Status);
        Assert.Single((await _cloud.Queue.IdsAsync()).Queued);
    }

    [Fact]
    public async Task More_requests_to_change_something_than_are_served_a_minute_are_told_when_to_come_again()
    {
        for (var n = 0; n < new ServerOptions { Token = null }.PostsPerMinute; n++) Assert.Equal(400, (await AskAsync(_cloud.Http.StartAsync, "name: [")).Status);
        Assert.Equal(429, (await AskAsync(_cloud.Http.StartAsync, CloudFixture.Yaml())).Status);
        Assert.Empty(_cloud.Hub.Started);
    }
}
