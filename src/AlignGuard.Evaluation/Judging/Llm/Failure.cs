using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>Why a request failed. What the endpoint says about it is left out but for its code, since it may quote the request.</summary>
/// <param name="MayPass">The same request may succeed later.</param>
/// <param name="RetryAfter">How long the endpoint asks to wait.</param>
/// <param name="Problem">In words, with the remedy.</param>
internal sealed partial record Failure(bool MayPass, TimeSpan? RetryAfter, string Problem)
{
    /// <summary>Null for what is no failure of a request.</summary>
    public static Failure? Of(Exception exception, LlmSettings settings, DateTimeOffset now) => exception switch
    {
        ClientResultException { Status: > 0 } e => OfStatus(e, settings, now),
        OperationCanceledException or TimeoutException => new(true, null, $"{settings.Endpoint} did not answer within {settings.Timeout.TotalSeconds:0.#} s: raise timeout, or lower parallel."),
        ClientResultException or HttpRequestException or IOException => new(true, null, $"{settings.Endpoint} can not be reached: check the address, and that the server runs."),
        // What the client throws at a body that is not of the protocol.
        JsonException or FormatException or InvalidOperationException or ArgumentException or KeyNotFoundException =>
            new(true, null, $"{settings.Endpoint} answered what is no chat completion: check that the address is that of the protocol (it mostly ends with /v1)."),
        _ => null,
    };

    /// <summary>The wait before the next try: what the endpoint asks for, else twice the last one, stretched by up to a half so that requests do not come back all at once.</summary>
    /// <param name="attempt">How many tries there were, 1 at least.</param>
    /// <param name="jitter">From 0 to 1.</param>
    public TimeSpan Wait(int attempt, TimeSpan first, double jitter)
    {
        var wait = first * Math.Pow(2, Math.Min(attempt - 1, 30)) * (1 + jitter / 2);
        return RetryAfter ?? (wait < Longest ? wait : Longest);
    }

    /// <summary>Of the waits that are ours.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>An endpoint that asks for more is taken to be out of order.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static Failure OfStatus(ClientResultException e, LlmSettings settings, DateTimeOffset now)
    {
        var response = e.GetRawResponse();
        var code = Code(response);
        var said = $"{settings.Endpoint} answered {e.Status}{(code is null ? "" : $" ({code})")}";
        var after = RetryAfterOf(response, now);
        if (code is "insufficient_quota") return new(false, null, $"{said}: the account has no quota left: look at its plan and billing.");
        if (code is "content_filter") return new(false, null, $"{said}: its content filter does not let the exchange through: have the filter of this deployment relaxed, or judge by a model without one.");
        if (e.Status is 408 or 429 or >= 500)
            return after > Patience ? new(false, null, $"{said} and asks to wait {after.Value.TotalMinutes:0} minutes: try again then; what is judged stays in the cache.")
                : new(true, after, $"{said}: try again later, or lower parallel.");
        return new(false, null, e.Status switch
        {
            401 when settings.Key is null => $"{said}: it asks for a key: put one into an environment variable and name that under key.",
            401 => $"{said}: it does not take the key in {settings.Key}: check that it is whole, current and of this endpoint.",
            403 => $"{said}: {(settings.Key is null ? "without a key" : $"the key in {settings.Key}")} the model {settings.Model} may not be used: have it allowed, or name another.",
            404 => $"{said}: there is no model {settings.Model}, or nothing at this address: check model and endpoint (it mostly ends with /v1).",
            _ => $"{said}: it does not take the request: check model, temperature (some models take 1 only) and replies (text, if it knows no JSON mode).",
        });
    }

    private static string? Code(PipelineResponse? response)
    {
        try
        {
            using var document = JsonDocument.Parse(response?.Content ?? BinaryData.FromString("{}"));
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.Object) return null;
            foreach (var name in new[] { "code", "type" })
                if (error.TryGetProperty(name, out var code) && code.ValueKind == JsonValueKind.String && Word().IsMatch(code.GetString()!)) return code.GetString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A proxy's page.
        }
        return null;
    }

    private static TimeSpan? RetryAfterOf(PipelineResponse? response, DateTimeOffset now)
    {
        if (response is null) return null;
        if (response.Headers.TryGetValue("retry-after-ms", out var milliseconds) && double.TryParse(milliseconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ms) && ms < 1e9) return TimeSpan.FromMilliseconds(ms);
        if (!response.Headers.TryGetValue("Retry-After", out var value)) return null;
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e9) return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? (at > now ? at - now : TimeSpan.Zero) : null;
    }

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_.-]{0,63}\z")]
    private static partial Regex Word();
}
