using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace AlignGuard.Server.Http;

/// <summary>RFC 9457: what is wrong with a request.</summary>
/// <param name="Title">The status in words.</param>
/// <param name="Detail">The first problem, or what it is about.</param>
/// <param name="Problems">Everything that is wrong, a sentence each: where it is and what to do.</param>
public sealed record ProblemDocument(string Type, string Title, int Status, string Detail, IReadOnlyList<string> Problems)
{
    public const string ContentType = "application/problem+json";

    public static ProblemDocument Of(int status, IReadOnlyList<string> problems) =>
        new("about:blank", ReasonPhrases.GetReasonPhrase(status), status, problems.Count == 1 ? problems[0] : $"{problems.Count} problems.", problems);

    /// <summary>Answers with it.</summary>
    internal static Task WriteAsync(HttpContext context, int status, params IReadOnlyList<string> problems)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(Of(status, problems), options: null, contentType: ContentType, context.RequestAborted);
    }
}
