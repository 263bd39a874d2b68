using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AlignGuard.Server.Http;
using AlignGuard.Server.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AlignGuard.Server.Tests.Http;

/// <summary>Who may ask. The addresses come from the OpenAPI document, and the document is held to name every address: none can be forgotten.</summary>
public sealed class AccessTests : IDisposable
{
    private const string Token = "0123456789abcdef";
    private readonly ServerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_address_but_one_needs_the_token()
    {
        await using var server = await RunningServer.StartAsync(_folder, Token);
        var addresses = await AddressesAsync(server);
        Assert.Equal(10, addresses.Count);
        using var client = new HttpClient { BaseAddress = server.Uri };
        foreach (var (method, path) in addresses)
            foreach (var header in new[] { null, "Bearer", "Bearer ", "Bearer 0123456789abcdeg", "Bearer 0123456789abcde", $"Bearer {Token}0", $"Basic {Token}", Token, $"Bearer {Token.ToUpperInvariant()}" })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", "x-0123456789").Replace("{name}", "y"));
                if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);
                if (path == AccessGate.Open)
                {
                    await client.SendAsync(request).OkAsync();
                    continue;
                }
                using var answer = await client.SendAsync(request);
                Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
                Assert.DoesNotContain(Token, await Task.FromResult(answer).ProblemAsync(401));
            }
        // Also what is no address at all: nothing is told to strangers, not even that.
        await client.GetAsync("/nothing").ProblemAsync(401);
        await client.GetAsync("/health/live/more").ProblemAsync(401);
        await client.PostAsync("/runs", Calls.Yaml(new string('x', 100))).ProblemAsync(401);
        Assert.DoesNotContain(Token, server.Log.Text);
    }

    [Fact]
    public async Task With_the_token_every_address_answers()
    {
        await using var server = await RunningServer.StartAsync(_folder, Token);
        foreach (var (method, path) in await AddressesAsync(server))
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", "x-0123456789").Replace("{name}", "y"));
            using var answer = await server.Http.SendAsync(request);
            Assert.NotEqual(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task The_document_names_every_address_with_its_problems_and_the_token()
    {
        await using var server = await RunningServer.StartAsync(_folder, Token);
        var described = (await AddressesAsync(server)).Select(a => $"{a.Method} {a.Path}").Order().ToList();
        var mapped = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText!.Replace("**", "")}")).Order().ToList();
        Assert.Equal(mapped, described);
        var document = await server.Http.GetAsync(ApiDescription.Address).OkAsync();
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("bearer").GetProperty("scheme").GetString());
        foreach (var path in document.GetProperty("paths").EnumerateObject())
            foreach (var operation in path.Value.EnumerateObject())
            {
                Assert.Equal(path.Name != AccessGate.Open, operation.Value.TryGetProperty("security", out _));
                Assert.NotEmpty(operation.Value.GetProperty("summary").GetString()!);
                var responses = operation.Value.GetProperty("responses");
                Assert.Contains(responses.EnumerateObject(), r => r.Name.StartsWith('2'));
                foreach (var response in responses.EnumerateObject().Where(r => r.Name[0] is '4' or '5')) Assert.True(response.Value.GetProperty("content").TryGetProperty(ProblemDocument.ContentType, out _), $"{path.Name} {response.Name}");
                Assert.True(responses.TryGetProperty("401", out _));
            }
        var start = document.GetProperty("paths").GetProperty("/runs").GetProperty("post");
        foreach (var status in new[] { "202", "400", "401", "409", "413", "415", "429", "503" }) Assert.True(start.GetProperty("responses").TryGetProperty(status, out _), status);
        foreach (var type in RequestBody.JobTypes) Assert.True(start.GetProperty("requestBody").GetProperty("content").TryGetProperty(type, out _), type);
        Assert.Contains("Idempotency-Key", start.GetProperty("parameters").GetRawText());
        Assert.True(document.GetProperty("components").GetProperty("schemas").GetProperty("ProblemDocument").GetProperty("properties").TryGetProperty("problems", out _));
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:80", 200)]
    [InlineData("127.0.0.1:1", 200)]
    [InlineData("127.8.8.8", 200)]
    [InlineData("[::1]:80", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("192.168.0.1", 403)]
    [InlineData("0.0.0.0", 403)]
    public async Task Without_a_token_only_names_of_this_machine_are_answered(string host, int status)
    {
        await using var server = await RunningServer.StartAsync(_folder);
        foreach (var path in new[] { "/runs", "/health/live", "/openapi/v1.json" }) Assert.Equal(status, (await Calls.RawGetAsync(server.Uri, path, host)).Status);
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("null")]
    [InlineData("https://localhost")]
    [InlineData("http://localhost:1")]
    public async Task Pages_of_other_origins_are_refused(string origin)
    {
        foreach (var token in new[] { null, Token })
        {
            await using var server = await RunningServer.StartAsync(_folder, token);
            using var request = new HttpRequestMessage(HttpMethod.Get, "/runs");
            request.Headers.Add("Origin", origin);
            Assert.Contains("Origin", await server.Http.SendAsync(request).ProblemAsync(403));
            using var same = new HttpRequestMessage(HttpMethod.Get, "/runs");
            same.Headers.Add("Origin", server.Uri.GetLeftPart(UriPartial.Authority));
            await server.Http.SendAsync(same).OkAsync();
        }
    }

    private static async Task<IReadOnlyList<(string Method, string Path)>> AddressesAsync(RunningServer server)
    {
        var document = await server.Http.GetAsync(ApiDescription.Address).OkAsync();
        return [.. document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (o.Name.ToUpperInvariant(), p.Name)))];
    }
}
