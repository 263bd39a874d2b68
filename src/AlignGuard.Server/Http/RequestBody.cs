using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Models;
using AlignGuard.Server.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AlignGuard.Server.Http;

/// <summary>A body of a kind that is not taken.</summary>
internal sealed class UnsupportedBodyException(string message) : Exception(message);

/// <summary>Bodies: of a known type, UTF-8, at most 1 MiB.</summary>
internal static class RequestBody
{
    public const int MaxBytes = 1 << 20;

    public const string TooLarge = "The body is larger than 1 MiB. Jobs refer to data, they do not hold them.";

    public const string Json = "application/json";

    /// <summary>What jobs come in; the text is read the same way, since JSON is YAML.</summary>
    public static readonly string[] JobTypes = [Json, "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false };

    /// <exception cref="UnsupportedBodyException">Another type, character set or encoding.</exception>
    /// <exception cref="BadHttpRequestException">Too large (413).</exception>
    /// <exception cref="UserFaultException">Not UTF-8.</exception>
    public static async Task<string> TextAsync(HttpContext context, params string[] types)
    {
        Check(context.Request, types);
        if (context.Request.ContentLength > MaxBytes) throw new BadHttpRequestException(TooLarge, StatusCodes.Status413PayloadTooLarge);
        using var held = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            if (held.Length + read > MaxBytes) throw new BadHttpRequestException(TooLarge, StatusCodes.Status413PayloadTooLarge);
            held.Write(buffer, 0, read);
        }
        return JobText.Decode(held.ToArray(), "The body");
    }

    /// <exception cref="UserFaultException">Not this shape.</exception>
    public static async Task<T> JsonAsync<T>(HttpContext context, string expected)
    {
        var text = await TextAsync(context, Json);
        try
        {
            return JsonSerializer.Deserialize<T>(text, Strict) ?? throw new UserFaultException($"The body is empty. {expected}");
        }
        catch (JsonException e)
        {
            // What the body holds stays out of the answer.
            throw new UserFaultException($"The body is not of the expected shape (line {e.LineNumber + 1}). {expected}");
        }
    }

    private static void Check(HttpRequest request, string[] types)
    {
        if (request.Headers.ContentEncoding.Count > 0) throw new UnsupportedBodyException("Content-Encoding: compressed bodies are not taken. Send the text as it is.");
        var known = MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && types.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase);
        if (!known) throw new UnsupportedBodyException($"Content-Type: {string.Join(", ", types)} {(types.Length == 1 ? "is" : "are")} taken here.");
        if (type!.Charset.HasValue && !string.Equals(type.Charset.Value.Trim('"'), Encoding.UTF8.WebName, StringComparison.OrdinalIgnoreCase))
            throw new UnsupportedBodyException("Content-Type: the character set must be utf-8.");
    }
}
