using System.Threading.RateLimiting;
using AlignGuard.Server.Http;
using AlignGuard.Server.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Cloud;

/// <summary>
/// The server's addresses for a host that does its own routing and asks for its own key: bodies are read, faults are told and answers are written as the server does it, and what was asked for is dispatched at once
/// instead of at the next scan.
/// </summary>
/// <remarks>POST requests are limited as the server's are (60 a minute), by each instance of the host for itself.</remarks>
public sealed class HttpDesk(RunHandlers handlers, Dispatcher dispatcher, ServerOptions options, ILogger<HttpDesk> log, ILoggerFactory logs) : IDisposable
{
    private readonly FixedWindowRateLimiter _posts = PostLimit.Limiter(options.PostsPerMinute);

    private const string ApprovalShape = "{ \"approved\": true, \"by\": \"NAME\", \"comment\": \"WHY\" } is expected; comment may be left out.";

    /// <summary><c>POST /runs</c>: accepts a job; 202 with its run.</summary>
    public Task StartAsync(HttpContext context) => AnswerAsync(context, async () =>
    {
        var text = await RequestBody.TextAsync(context, RequestBody.JobTypes);
        string? key = context.Request.Headers["Idempotency-Key"];
        var started = await handlers.StartAsync(new StartRequest(text, key), context.RequestAborted);
        await TryDispatchAsync(started.RunId, context.RequestAborted);
        return Results.Accepted($"/runs/{started.RunId}", started);
    });

    /// <summary><c>GET /runs</c>.</summary>
    public Task ListAsync(HttpContext context) => AnswerAsync(context, async () => Results.Ok(await handlers.ListAsync(context.RequestAborted)));

    /// <summary><c>GET /runs/{id}</c>.</summary>
    public Task StatusAsync(HttpContext context, string id) => AnswerAsync(context, async () =>
    {
        // A run that has ended leaves the queue.
        if (RunId.IsValid(id)) await TryDispatchAsync(id, context.RequestAborted);
        return Results.Ok(await handlers.StatusAsync(id, context.RequestAborted));
    });

    /// <summary><c>POST /runs/{id}/cancel</c>: 202; within a step where the run is worked on.</summary>
    public Task CancelAsync(HttpContext context, string id) => AnswerAsync(context, async () =>
    {
        var view = await handlers.CancelAsync(id, context.RequestAborted);
        await TryDispatchAsync(id, context.RequestAborted);
        return Results.Accepted($"/runs/{RunId.Check(id)}", view);
    });

    /// <summary><c>POST /runs/{id}/approve</c>: the first decision stands.</summary>
    public Task ApproveAsync(HttpContext context, string id) => AnswerAsync(context, async () =>
    {
        var approval = await handlers.ApproveAsync(id, await RequestBody.JsonAsync<ApprovalRequest>(context, ApprovalShape), context.RequestAborted);
        await TryDispatchAsync(id, context.RequestAborted);
        return Results.Ok(approval);
    });

    /// <summary>What was asked for lies in the store already; if the task hub is away, the next scan does it.</summary>
    private async Task TryDispatchAsync(string id, CancellationToken cancellation)
    {
        try
        {
            await dispatcher.DispatchAsync(id, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            log.LogWarning("Run {Run} is dispatched at the next scan: {Problem}", id, Redaction.Fault(e));
        }
    }

    public void Dispose() => _posts.Dispose();

    private async Task AnswerAsync(HttpContext context, Func<Task<IResult>> work)
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            using var lease = _posts.AttemptAcquire();
            if (!lease.IsAcquired)
            {
                await PostLimit.RejectAsync(context, lease, options.PostsPerMinute);
                return;
            }
        }
        await new ProblemMiddleware(async inner => await (await work()).ExecuteAsync(inner), logs.CreateLogger<ProblemMiddleware>()).InvokeAsync(context);
    }
}
