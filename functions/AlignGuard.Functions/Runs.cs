using AlignGuard.Server.Cloud;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace AlignGuard.Functions;

/// <summary>The addresses of <c>alignguard serve</c>, each asking for a function key.</summary>
public sealed class Runs(HttpDesk desk)
{
    [Function("StartRun")]
    public Task<IActionResult> StartAsync([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs")] HttpRequest request) => WrittenAsync(desk.StartAsync(request.HttpContext));

    [Function("ListRuns")]
    public Task<IActionResult> ListAsync([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs")] HttpRequest request) => WrittenAsync(desk.ListAsync(request.HttpContext));

    [Function("GetRun")]
    public Task<IActionResult> StatusAsync([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{id}")] HttpRequest request, string id) => WrittenAsync(desk.StatusAsync(request.HttpContext, id));

    [Function("CancelRun")]
    public Task<IActionResult> CancelAsync([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{id}/cancel")] HttpRequest request, string id) => WrittenAsync(desk.CancelAsync(request.HttpContext, id));

    [Function("ApproveRun")]
    public Task<IActionResult> ApproveAsync([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{id}/approve")] HttpRequest request, string id) => WrittenAsync(desk.ApproveAsync(request.HttpContext, id));

    /// <summary>The desk has written the answer; there is nothing left to add.</summary>
    private static async Task<IActionResult> WrittenAsync(Task answered)
    {
        await answered;
        return new EmptyResult();
    }
}
