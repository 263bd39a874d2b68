using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Tests.Support;
using Xunit;

namespace AlignGuard.Server.Tests.Http;

/// <summary>Every address as it is not meant to be used: a problem document with a sentence, whatever was done.</summary>
public sealed class ProblemTests : IAsyncLifetime
{
    private readonly ServerFolder _folder = new();
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(_folder);

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_problem_of_a_job_is_told_with_its_place()
    {
        var told = await _server.Http.PostAsync("/runs", Calls.Yaml("name: a/b\nmodel: base\ntrain: { stps: 3 }\n")).ProblemAsync(400);
        foreach (var expected in new[] { "job(1,", "name:", "train.stps: unknown key", "data.train: the key is missing" }) Assert.Contains(expected, told);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../secret.jsonl")]
    [InlineData("train.jsonl")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://169.254.169.254/latest")]
    [InlineData("https://account.blob.core.windows.net/c/x")]
    [InlineData("STORE://account/container/x")]
    [InlineData("store://account/container")]
    [InlineData("store://account.evil.example/container/x")]
    [InlineData("store://account@evil/container/x")]
    [InlineData("store://account/container/../other/x")]
    [InlineData("store://account/container/..%2fother")]
    [InlineData("\\\\\\\\host\\\\share")]
    [InlineData("C:\\\\data")]
    public async Task A_job_from_outside_can_name_no_path_and_no_other_address(string value)
    {
        var more = $"fisher: {{ prompts: \"{value}3\" }}\ndriftcheck: {{ prompts: \"{value}4\" }}";
        var told = await _server.Http.PostAsync("/runs", Calls.Yaml(Jobs.Yaml(train: value, eval: value + "2", model: $"\"{value}\"", more: more))).ProblemAsync(400);
        // A plain name may be a model, but there is none of it.
        foreach (var key in new[] { "data.train", "data.eval", "fisher.prompts", "driftcheck.prompts", "model" }) Assert.Contains($"job: {key}: ", told);
        Assert.Empty(await _folder.Store.ListAsync(""));
    }

    [Fact]
    public async Task References_into_containers_and_built_in_sets_are_passed_on()
    {
        var job = Jobs.Yaml("refs", "store://account/container/a/train.jsonl", "store://azurite/container/eval.jsonl", "store://account/models/base", "driftcheck: { prompts: builtin }");
        Assert.NotEmpty(await _server.Http.StartAsync(job));
    }

    [Fact]
    public void A_server_without_models_says_so()
    {
        var policy = new AlignGuard.Server.Runs.JobPolicy(null);
        var fault = Assert.Throws<AlignGuard.Models.UserFaultException>(() => policy.Read(Jobs.Yaml(), "job"));
        Assert.Contains("has no folder of models", Assert.Single(fault.Problems));
    }

    [Theory]
    [InlineData("GET", "/runs/none-0123456789", 404)]
    [InlineData("POST", "/runs/none-0123456789/cancel", 404)]
    [InlineData("GET", "/runs/none-0123456789/files", 404)]
    [InlineData("GET", "/runs/none-0123456789/files/runs/none-0123456789/spec.json", 404)]
    [InlineData("GET", "/runs/a%20b", 404)]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("GET", "/", 404)]
    [InlineData("PUT", "/runs", 405)]
    [InlineData("DELETE", "/runs/none-0123456789", 405)]
    [InlineData("GET", "/runs/none-0123456789/cancel", 405)]
    public async Task What_is_not_there_is_told(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        await _server.Http.SendAsync(request).ProblemAsync(status);
    }

    [Fact]
    public async Task Approvals_of_nothing_of_nobody_and_of_other_shapes_are_refused()
    {
        const string valid = """{ "approved": true, "by": "Ada" }""";
        await _server.Http.PostAsync("/runs/none-0123456789/approve", Calls.Json(valid)).ProblemAsync(404);
        var id = await _server.Http.StartAsync(Jobs.Yaml());
        var path = $"/runs/{id}/approve";
        foreach (var body in new[] { "", "[]", "null", "{", "{ \"approved\": true }", "{ \"by\": \"Ada\" }", "{ \"approved\": \"yes\", \"by\": \"Ada\" }", "{ \"approved\": true, \"by\": \"Ada\", \"role\": \"admin\" }", "{ \"approved\": true, \"approved\": false, \"by\": \"Ada\" }" })
            Assert.Contains("approved", await _server.Http.PostAsync(path, Calls.Json(body)).ProblemAsync(400));
        await _server.Http.PostAsync(path, Calls.Json("{ \"approved\": true, \"by\": \" \" }")).ProblemAsync(400);
        await _server.Http.PostAsync(path, Calls.Json($"{{ \"approved\": true, \"by\": \"Ada\", \"comment\": \"{new string('x', 2001)}\" }}")).ProblemAsync(400);
        await _server.Http.PostAsync(path, Calls.Yaml(valid)).ProblemAsync(415);
        await Eventually.TrueAsync(async () => (await _server.Handlers.StatusAsync(id)).Phase == Server.Runs.RunPhase.Ended, "it has ended");
        Assert.Contains("has ended (accepted)", await _server.Http.PostAsync(path, Calls.Json(valid)).ProblemAsync(409));
        Assert.Contains("has ended (accepted)", await _server.Http.PostAsync($"/runs/{id}/cancel", null).ProblemAsync(409));
    }

    [Theory]
    [InlineData("text/plain", null)]
    [InlineData("application/octet-stream", null)]
    [InlineData("multipart/form-data; boundary=x", null)]
    [InlineData("application/json; charset=utf-16", null)]
    [InlineData("application/yaml", "gzip")]
    [InlineData(null, null)]
    public async Task Bodies_of_other_kinds_are_refused(string? type, string? encoding)
    {
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(Jobs.Yaml()));
        if (type is not null) body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding is not null) body.Headers.ContentEncoding.Add(encoding);
        await _server.Http.PostAsync("/runs", body).ProblemAsync(415);
    }

    [Fact]
    public async Task A_body_that_is_not_UTF8_is_refused()
    {
        using var body = new ByteArrayContent([0x6e, 0xff, 0xfe]);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/yaml");
        Assert.Contains("not UTF-8", await _server.Http.PostAsync("/runs", body).ProblemAsync(400));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_2_MiB_is_refused(bool withLength)
    {
        // The headers alone: the answer has to come without the body.
        var length = withLength ? "Content-Length: 2097152\r\n\r\n" : $"Transfer-Encoding: chunked\r\n\r\n110000\r\n{new string('x', 0x110000)}\r\n";
        var (status, text) = await Calls.RawAsync(_server.Uri, $"POST /runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/yaml\r\n{length}");
        Assert.Equal(413, status);
        Assert.Contains("larger than 1 MiB", text);
        Assert.Contains("application/problem+json", text);
    }

    [Fact]
    public async Task The_largest_body_is_read()
    {
        var job = Jobs.Yaml();
        Assert.NotEmpty(await _server.Http.StartAsync(job + "\n#" + new string('x', (1 << 20) - job.Length - 2)));
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_without_telling_where_it_is()
    {
        await using var server = await RunningServer.StartAsync(_folder, store: new BrokenStore(new StoreException("The store /secret/place failed.")));
        using var answer = await server.Http.GetAsync("/runs");
        Assert.Equal("10", answer.Headers.GetValues("Retry-After").Single());
        Assert.DoesNotContain("secret", await server.Http.GetAsync("/runs").ProblemAsync(503));
        Assert.DoesNotContain("secret", await server.Http.PostAsync("/runs", Calls.Yaml(Jobs.Yaml())).ProblemAsync(503));
        await server.Http.GetAsync("/health/ready").ProblemAsync(503);
    }

    [Fact]
    public async Task What_nobody_foresaw_is_told_as_such()
    {
        await using var server = await RunningServer.StartAsync(_folder, store: new BrokenStore(new InvalidOperationException("AccountKey=abc")));
        Assert.Equal("The server failed. Its log says where.", await server.Http.GetAsync("/runs").ProblemAsync(500));
        Assert.DoesNotContain("AccountKey", server.Log.Text);
        Assert.Contains("System.InvalidOperationException in ", server.Log.Text);
    }

    [Fact]
    public async Task More_than_so_many_starts_a_minute_are_too_many()
    {
        await using var server = await RunningServer.StartAsync(_folder, postsPerMinute: 3);
        for (var n = 0; n < 3; n++) await server.Http.PostAsync("/runs", Calls.Yaml("{}")).ProblemAsync(400);
        using (var answer = await server.Http.PostAsync("/runs", Calls.Yaml("{}"))) Assert.InRange(int.Parse(answer.Headers.GetValues("Retry-After").Single()), 1, 60);
        Assert.Contains("More than 3", await server.Http.PostAsync("/runs", Calls.Yaml("{}")).ProblemAsync(429));
        await server.Http.GetAsync("/runs").OkAsync();
    }
}
