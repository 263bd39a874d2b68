using AlignGuard.Pipeline.Runner;
using AlignGuard.Server.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace AlignGuard.Server.Http;

/// <summary>The addresses of runs: each reads its request, asks <see cref="RunHandlers"/> and answers.</summary>
internal static class RunEndpoints
{
    private const string ApprovalShape = "{ \"approved\": true, \"by\": \"NAME\", \"comment\": \"WHY\" } is expected; comment may be left out.";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/runs", StartAsync).Described("startRun", "Accepts a job file (YAML or JSON). The same job is the same run; one that failed is begun again.", 400, 409, 413, 415, 429)
            .Accepts<IDictionary<string, object>>(RequestBody.Json, [.. RequestBody.JobTypes.Skip(1)]).Produces<StartedRun>(StatusCodes.Status202Accepted);
        app.MapGet("/runs", ListAsync).Described("listRuns", "Every run of the store and everything in the queue.").Produces<IReadOnlyList<RunView>>();
        app.MapGet("/runs/{id}", StatusAsync).Described("getRun", "How a run stands.", 404).Produces<RunView>();
        app.MapPost("/runs/{id}/cancel", CancelAsync).Described("cancelRun", "Ends a run for good, within a step. Its commits are kept; nothing is published.", 404, 409, 429)
            .Produces<RunView>(StatusCodes.Status202Accepted);
        app.MapPost("/runs/{id}/approve", ApproveAsync).Described("approveRun", "Leaves a person's decision on a run. The first decision stands.", 400, 404, 409, 413, 415, 429)
            .Accepts<ApprovalRequest>(RequestBody.Json).Produces<Approval>();
        app.MapGet("/runs/{id}/files", FilesAsync).Described("listFiles", "The files of a run, with length and hash where a commit names them.", 404).Produces<IReadOnlyList<RunFile>>();
        app.MapGet("/runs/{id}/files/{**name}", DownloadAsync).Described("getFile", "A file of a run by its whole name, as listed.", 400, 404)
            .Produces<byte[]>(StatusCodes.Status200OK, "application/octet-stream");
    }

    private static async Task<IResult> StartAsync(HttpContext context, RunHandlers handlers, [FromHeader(Name = "Idempotency-Key")] string? key)
    {
        var text = await RequestBody.TextAsync(context, RequestBody.JobTypes);
        var started = await handlers.StartAsync(new StartRequest(text, key), context.RequestAborted);
        return Results.Accepted($"/runs/{started.RunId}", started);
    }

    private static Task<IReadOnlyList<RunView>> ListAsync(HttpContext context, RunHandlers handlers) => handlers.ListAsync(context.RequestAborted);

    private static Task<RunView> StatusAsync(HttpContext context, RunHandlers handlers, string id) => handlers.StatusAsync(id, context.RequestAborted);

    private static async Task<IResult> CancelAsync(HttpContext context, RunHandlers handlers, string id) =>
        Results.Accepted($"/runs/{RunId.Check(id)}", await handlers.CancelAsync(id, context.RequestAborted));

    private static async Task<Approval> ApproveAsync(HttpContext context, RunHandlers handlers, string id) =>
        await handlers.ApproveAsync(id, await RequestBody.JsonAsync<ApprovalRequest>(context, ApprovalShape), context.RequestAborted);

    private static Task<IReadOnlyList<RunFile>> FilesAsync(HttpContext context, RunHandlers handlers, string id) => handlers.FilesAsync(id, context.RequestAborted);

    private static async Task<IResult> DownloadAsync(HttpContext context, RunHandlers handlers, string id, string name)
    {
        var blob = await handlers.DownloadAsync(id, name, context.RequestAborted);
        // Reports are pages with texts of models in them: they are saved, never shown under the server's own origin.
        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        return Results.Bytes(blob.Content, "application/octet-stream", Path.GetFileName(name), enableRangeProcessing: true, entityTag: new EntityTagHeaderValue($"\"{blob.Version.Trim('"')}\""));
    }
}
