using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Hosting;
using AlignGuard.Server.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AlignGuard.Server.Http;

/// <summary>State of the server, for whoever watches over it.</summary>
/// <param name="Status"><c>alive</c> or <c>ready</c>.</param>
public sealed record HealthReport(string Status);

/// <summary>Whether the process is there, and whether it can work.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet(AccessGate.Open, () => new HealthReport("alive")).Described("live", "The process is there. Needs no token.").Produces<HealthReport>();
        app.MapGet("/health/ready", ReadyAsync).Described("ready", "The store can be reached and every loop turns.").Produces<HealthReport>();
    }

    private static async Task<IResult> ReadyAsync(HttpContext context, IArtifactStore store, LoopHealth health)
    {
        List<string> problems = [.. health.Problems()];
        if (!await IsReachableAsync(store, context.RequestAborted)) problems.Add("The store cannot be reached. The server's log says why.");
        if (problems.Count == 0) return Results.Ok(new HealthReport("ready"));
        return Results.Json(ProblemDocument.Of(StatusCodes.Status503ServiceUnavailable, problems), contentType: ProblemDocument.ContentType, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<bool> IsReachableAsync(IArtifactStore store, CancellationToken cancellation)
    {
        // A folder that is gone looks like an empty one.
        if (store is FolderStore && !Directory.Exists(store.Location)) return false;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Longest);
        try
        {
            await store.ReadAsync("health/probe", limit.Token);
            return true;
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            return false;
        }
    }
}
