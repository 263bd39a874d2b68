using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Evaluation.Tests.Judging.Llm;

/// <summary>A request as it came.</summary>
internal sealed record Received(int Number, string Path, string? Authorization, JsonNode Body)
{
    public string Asked => (string)Body["messages"]!.AsArray()[^1]!["content"]!;
}

/// <summary>What is answered; <see cref="Content"/> is the model's text.</summary>
internal sealed record Answered(string Content)
{
    public int Status { get; init; } = 200;

    /// <summary>In place of a chat completion.</summary>
    public string? Body { get; init; }
    public string? RetryAfter { get; init; }
    public (int Input, int Output)? Usage { get; init; } = (100, 20);
    public TimeSpan Delay { get; init; }

    public static Answered Verdict(string verdict, double toxicity = 0.25) => new(JsonSerializer.Serialize(new { verdict, toxicity, reason = "SECRET-REASON" }));

    public static Answered Fails(int status, string code = "server_error") => new("") { Status = status, Body = JsonSerializer.Serialize(new { error = new { message = "it said TOP-SECRET-ANSWER", type = code, code } }) };
}

/// <summary>A server on loopback that speaks chat completions.</summary>
internal sealed class FakeEndpoint : IAsyncDisposable
{
    private readonly WebApplication app;
    private int now;

    private FakeEndpoint(Func<Received, Answered> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(async context =>
        {
            var body = (await JsonNode.ParseAsync(context.Request.Body))!;
            var received = new Received(Requests.Count, context.Request.Path, context.Request.Headers.Authorization, body);
            Requests.Enqueue(received);
            lock (app) Most = Math.Max(Most, ++now);
            try
            {
                await WriteAsync(context, answer(received));
            }
            finally
            {
                lock (app) now--;
            }
        });
    }

    public ConcurrentQueue<Received> Requests { get; } = new();

    /// <summary>The most requests at once.</summary>
    public int Most { get; private set; }

    public string Url => app.Urls.Single() + "/v1";

    public static async Task<FakeEndpoint> StartAsync(Func<Received, Answered> answer)
    {
        var endpoint = new FakeEndpoint(answer);
        await endpoint.app.StartAsync();
        return endpoint;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(soon.Token);
        await app.DisposeAsync();
    }

    private static async Task WriteAsync(HttpContext context, Answered answered)
    {
        await Task.Delay(answered.Delay, context.RequestAborted);
        context.Response.StatusCode = answered.Status;
        if (answered.RetryAfter is { } after) context.Response.Headers.RetryAfter = after;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answered.Body ?? JsonSerializer.Serialize(new
        {
            id = "chatcmpl-1", @object = "chat.completion", created = 1_700_000_000, model = "judge",
            choices = new[] { new { index = 0, message = new { role = "assistant", content = answered.Content }, finish_reason = "stop" } },
            usage = answered.Usage is var (input, output) ? new { prompt_tokens = input, completion_tokens = output, total_tokens = input + output } : null,
        }));
    }
}
