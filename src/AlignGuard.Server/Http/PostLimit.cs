using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace AlignGuard.Server.Http;

/// <summary>So many POST requests a minute (fixed windows) of all callers together; the next ones are answered with 429 and when to come again.</summary>
internal static class PostLimit
{
    public static void Configure(RateLimiterOptions limiter, int perMinute)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => HttpMethods.IsPost(context.Request.Method)
            ? RateLimitPartition.GetFixedWindowLimiter("post", _ => new FixedWindowRateLimiterOptions { PermitLimit = perMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 })
            : RateLimitPartition.GetNoLimiter("other"));
        limiter.OnRejected = async (rejected, _) =>
        {
            if (rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after))
                rejected.HttpContext.Response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await ProblemDocument.WriteAsync(rejected.HttpContext, StatusCodes.Status429TooManyRequests, $"More than {perMinute} requests to change something came within a minute. Come again later.");
        };
    }
}
