using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace AlignGuard.Server.Http;

/// <summary>So many POST requests a minute (fixed windows) of all callers together; the next ones are answered with 429 and when to come again.</summary>
internal static class PostLimit
{
    /// <summary>The same windows for a host without the server's middleware.</summary>
    public static FixedWindowRateLimiter Limiter(int perMinute) => new(Window(perMinute));

    /// <summary>The answer to a request beyond the limit.</summary>
    public static async Task RejectAsync(HttpContext context, RateLimitLease lease, int perMinute)
    {
        if (lease.TryGetMetadata(MetadataName.RetryAfter, out var after)) context.Response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await ProblemDocument.WriteAsync(context, StatusCodes.Status429TooManyRequests, $"More than {perMinute} requests to change something came within a minute. Come again later.");
    }

    private static FixedWindowRateLimiterOptions Window(int perMinute) => new() { PermitLimit = perMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 };

    public static void Configure(RateLimiterOptions limiter, int perMinute)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => HttpMethods.IsPost(context.Request.Method)
            ? RateLimitPartition.GetFixedWindowLimiter("post", _ => Window(perMinute))
            : RateLimitPartition.GetNoLimiter("other"));
        limiter.OnRejected = async (rejected, _) => await RejectAsync(rejected.HttpContext, rejected.Lease, perMinute);
    }
}
