using System.Text;
using System.Text.Json;

namespace AlignGuard.Server.Triggers;

/// <summary>A blob was created, by Event Grid's own schema or as CloudEvent. Where it lies is all that is taken from the event.</summary>
/// <param name="Account">Null where the event does not say.</param>
internal sealed record BlobEvent(string? Account, string Container, string Blob)
{
    private const string Created = "Microsoft.Storage.BlobCreated", Containers = "/blobServices/default/containers/", Accounts = "/storageAccounts/";

    /// <summary>Events of a message, plain or in base64, one or an array; events of other kinds are left out. Null = no message of events at all.</summary>
    public static IReadOnlyList<BlobEvent>? Parse(string message)
    {
        try
        {
            using var json = JsonDocument.Parse(Plain(message), new JsonDocumentOptions { MaxDepth = 32 });
            var found = new List<BlobEvent>();
            foreach (var item in json.RootElement.ValueKind == JsonValueKind.Array ? [.. json.RootElement.EnumerateArray()] : new[] { json.RootElement })
            {
                if (item.ValueKind != JsonValueKind.Object || (Text(item, "type") ?? Text(item, "eventType")) is not { } type) return null;
                if (type != Created) continue;
                if (Read(item) is not { } read) return null;
                found.Add(read);
            }
            return found;
        }
        catch (Exception e) when (e is JsonException or FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The name of the blob below what is watched; null where it is not of this source.</summary>
    public string? NameIn(WatchedSource source) =>
        source.Container == Container && (Account is null || Account == source.Account || (source.Account == "azurite" && Account == "devstoreaccount1"))
        && Blob.StartsWith(source.Prefix, StringComparison.Ordinal) ? Blob[source.Prefix.Length..] : null;

    private static BlobEvent? Read(JsonElement item)
    {
        if (Text(item, "subject") is not { } subject || !subject.StartsWith(Containers, StringComparison.Ordinal)) return null;
        var parts = subject[Containers.Length..].Split("/blobs/", 2);
        if (parts is not [{ Length: > 0 } container, { Length: > 0 } blob]) return null;
        // CloudEvents call source what Event Grid calls topic.
        var resource = Text(item, "topic") ?? Text(item, "source") ?? "";
        var at = resource.IndexOf(Accounts, StringComparison.OrdinalIgnoreCase);
        return new BlobEvent(at < 0 ? null : resource[(at + Accounts.Length)..].Split('/')[0], container, blob);
    }

    private static string? Text(JsonElement item, string key) => item.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Event Grid delivers to storage queues in base64.</summary>
    private static string Plain(string message)
    {
        var trimmed = message.TrimStart('\uFEFF', ' ', '\n', '\r', '\t');
        return trimmed is ['{' or '[', ..] ? trimmed : new UTF8Encoding(false, true).GetString(Convert.FromBase64String(trimmed));
    }
}
