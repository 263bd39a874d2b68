using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AlignGuard.Server.Http;
using Xunit;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Requests as callers make them, and what every answer has to be.</summary>
internal static class Calls
{
    public static StringContent Yaml(string text) => new(text, Encoding.UTF8, "application/yaml");

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    public static async Task<JsonElement> OkAsync(this Task<HttpResponseMessage> call, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await call;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(expected == answer.StatusCode, $"{(int)answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>A problem document in every respect; returns its problems.</summary>
    public static async Task<string> ProblemAsync(this Task<HttpResponseMessage> call, int expected)
    {
        using var answer = await call;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(expected == (int)answer.StatusCode, $"{(int)answer.StatusCode} and not {expected}: {text}");
        Assert.Equal(ProblemDocument.ContentType, answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<ProblemDocument>(text, JsonSerializerOptions.Web)!;
        Assert.Equal(expected, problem.Status);
        Assert.NotEmpty(problem.Title);
        Assert.NotEmpty(problem.Detail);
        Assert.NotEmpty(problem.Problems);
        Assert.False(answer.Headers.Contains("Server"));
        Assert.DoesNotContain("   at ", text);
        Assert.DoesNotContain("Exception", text);
        return string.Join('\n', problem.Problems);
    }

    public static async Task<string> StartAsync(this HttpClient http, string job) =>
        (await http.PostAsync("/runs", Yaml(job)).OkAsync(HttpStatusCode.Accepted)).GetProperty("runId").GetString()!;

    public static async Task<string> GetStringOrProblemAsync(this HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path);
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>A request that HttpClient would tidy up, line by line as it goes over the wire.</summary>
    public static async Task<(int Status, string Text)> RawAsync(Uri server, string request)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = await reader.ReadToEndAsync();
        return (int.Parse(text.Split(' ')[1]), text);
    }

    public static Task<(int Status, string Text)> RawGetAsync(Uri server, string path, string host = "127.0.0.1", string more = "") =>
        RawAsync(server, $"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n");
}
