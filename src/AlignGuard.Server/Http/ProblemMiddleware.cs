using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Http;

/// <summary>
/// Every fault becomes a problem document, every empty answer of the framework too. What nobody foresaw is told as such: neither its message nor its stack leaves the
/// process, and the log gets its type and place only.
/// </summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    private const int RetrySeconds = 10;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone.
            return;
        }
        catch (Exception e)
        {
            if (context.Response.HasStarted)
            {
                // Half an answer must not look like a whole one.
                log.LogError("An answer was broken off: {Problem}", Redaction.Fault(e));
                context.Abort();
                return;
            }
            var (status, problems) = Told(e);
            if (status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = $"{RetrySeconds}";
            if (status >= 500) log.LogError("{Method} failed: {Problem}", context.Request.Method, Redaction.Fault(e));
            await ProblemDocument.WriteAsync(context, status, problems);
            return;
        }
        var answer = context.Response;
        if (!answer.HasStarted && answer.StatusCode >= 400 && answer.ContentLength is null && answer.ContentType is null)
            await ProblemDocument.WriteAsync(context, answer.StatusCode, Empty(answer.StatusCode));
    }

    private static (int Status, IReadOnlyList<string> Problems) Told(Exception e) => e switch
    {
        UserFaultException fault => (StatusCodes.Status400BadRequest, [.. fault.Problems.Select(Redaction.Sentence)]),
        NotFoundException => (StatusCodes.Status404NotFound, [Redaction.Sentence(e.Message)]),
        ConflictException => (StatusCodes.Status409Conflict, [Redaction.Sentence(e.Message)]),
        UnsupportedBodyException => (StatusCodes.Status415UnsupportedMediaType, [e.Message]),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => (StatusCodes.Status413PayloadTooLarge, [RequestBody.TooLarge]),
        BadHttpRequestException bad => (bad.StatusCode, [Empty(bad.StatusCode)]),
        ForeignArtifactException => (StatusCodes.Status409Conflict, ["What the store holds of this run was written by another program, or by a newer version of this one. It is left alone."]),
        // Where the store lies, and what the service said, is for the log.
        StoreException => (StatusCodes.Status503ServiceUnavailable, ["The store cannot be reached, or cannot be read. Nothing was changed; ask again later, and look into the server's log."]),
        _ => (StatusCodes.Status500InternalServerError, ["The server failed. Its log says where."]),
    };

    private static string Empty(int status) => status switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this address. GET /openapi/v1.json describes what there is.",
        StatusCodes.Status405MethodNotAllowed => "This address does not take this method. GET /openapi/v1.json describes what there is.",
        StatusCodes.Status415UnsupportedMediaType => "This media type is not taken. GET /openapi/v1.json describes what is.",
        _ => "The request cannot be understood.",
    };
}
