using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace AlignGuard.Server.Http;

/// <summary>
/// Who may ask. With a token: whoever brings it, for everything but <c>/health/live</c>. Without: this machine only, and only under a name of this machine, so that a web
/// page cannot reach the server by a name that resolves here. Pages of other origins are refused in either case.
/// </summary>
internal sealed class AccessGate(RequestDelegate next, ServerOptions options)
{
    /// <summary>The one address that needs no token: it tells nothing but that the process is there.</summary>
    public const string Open = "/health/live";

    private const string Scheme = "Bearer ";
    private readonly byte[]? _expected = options.Token is { } token ? Hash(token) : null;

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        var request = context.Request;
        if (_expected is null && !IsThisMachine(request.Host.Host))
            return ProblemDocument.WriteAsync(context, StatusCodes.Status403Forbidden, $"Host: this server has no token and answers only to names of its own machine. Use localhost, or set {ServerOptions.TokenVariable}.");
        if (request.Headers.Origin.Count > 0 && !(request.Headers.Origin.Count == 1 && IsSameOrigin(request, request.Headers.Origin[0]!)))
            return ProblemDocument.WriteAsync(context, StatusCodes.Status403Forbidden, "Origin: pages of other origins may not use this server.");
        if (_expected is null || request.Path.Value == Open || IsAllowed(request)) return next(context);
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"alignguard\"";
        return ProblemDocument.WriteAsync(context, StatusCodes.Status401Unauthorized, "Authorization: the header is missing or its token is wrong. Send 'Authorization: Bearer TOKEN' with the server's token.");
    }

    private bool IsAllowed(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        // Hashes have one length: the time to compare says nothing of the token, not even how long it is.
        && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), _expected);

    private static bool IsThisMachine(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static bool IsSameOrigin(HttpRequest request, string origin) => string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
