using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Models;

namespace AlignGuard.Server.Triggers;

/// <summary>
/// <c>_READY.json</c>: written last into a folder of data, it says that all of it is there and what to do with it.
/// <c>{ "version": 1, "job": { ... } }</c>, or <c>"job": "job.yaml"</c> for a job file beside it.
/// </summary>
/// <param name="JobName">Name of the job file relative to the manifest; null where the job is in the manifest.</param>
/// <param name="JobText">The job in the manifest; null where it is in a file of its own.</param>
public sealed record ReadyManifest(string? JobName, string? JobText)
{
    public const string FileName = "_READY.json";
    public const int CurrentVersion = 1;

    /// <summary>The largest manifest read, in bytes (1 MiB).</summary>
    public const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions AsText = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static bool IsManifest(string blobName) => blobName == FileName || blobName.EndsWith("/" + FileName, StringComparison.Ordinal);

    /// <param name="source">What problems give as their place.</param>
    /// <exception cref="UserFaultException">Every problem of the manifest itself; the job is not read here.</exception>
    public static ReadyManifest Parse(byte[] content, string source)
    {
        if (content.Length > MaxBytes) throw TooLarge(source);
        try
        {
            var bytes = content.AsSpan().StartsWith("\uFEFF"u8) ? content.AsMemory(3) : content;
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            return Read(json.RootElement, source);
        }
        catch (JsonException e)
        {
            throw new UserFaultException($"{source}: this is not JSON, or a key is there twice (line {e.LineNumber + 1}). A manifest is {{ \"version\": 1, \"job\": ... }}.");
        }
    }

    internal static UserFaultException TooLarge(string source) => new($"{source} is larger than 1 MiB. A manifest names data, it does not hold them.");

    private static ReadyManifest Read(JsonElement root, string source)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new UserFaultException($"{source}: a manifest is a group of keys: {{ \"version\": 1, \"job\": ... }}.");
        var problems = root.EnumerateObject().Where(p => p.Name is not ("version" or "job")).Select(p => $"{source}: {Name(p.Name)}: unknown key. A manifest has version and job.").ToList();
        // A newer manifest may mean something else by every other key: only its version is told.
        if (!root.TryGetProperty("version", out var version)) problems.Add($"{source}: version: the key is missing. This is version {CurrentVersion}.");
        else if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number < 1) problems.Add($"{source}: version: must be an integer, {CurrentVersion} for this version.");
        else if (number > CurrentVersion) throw new UserFaultException($"{source}: version: {number} is newer than this program, which reads up to {CurrentVersion}. Use a newer program.");
        if (!root.TryGetProperty("job", out var job)) problems.Add($"{source}: job: the key is missing. Give a job, or the name of a job file beside the manifest.");
        else if (job.ValueKind is not (JsonValueKind.Object or JsonValueKind.String)) problems.Add($"{source}: job: must be a job, or the name of a job file beside the manifest.");
        if (problems.Count > 0) throw new UserFaultException(problems);
        return job.ValueKind == JsonValueKind.String ? new ReadyManifest(job.GetString(), null) : new ReadyManifest(null, JsonSerializer.Serialize(job, AsText));
    }

    private static string Name(string key) => key.Length <= 40 ? string.Concat(key.Select(c => char.IsControl(c) ? '?' : c)) : key[..40] + "...";
}
