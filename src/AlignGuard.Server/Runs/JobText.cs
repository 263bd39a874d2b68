using System.Text;
using System.Text.Json.Nodes;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Server.Runs;

/// <summary>Jobs as text, and changes to them that keep them valid: always by way of the canonical JSON and the one parser.</summary>
internal static class JobText
{
    // What the parser allows a name to have.
    private const int LongestName = 64;

    /// <summary>The keys that name rows and prompts.</summary>
    public static IReadOnlyList<string> DataKeys { get; } = ["data.train", "data.eval", "fisher.prompts", "driftcheck.prompts"];

    /// <param name="source">What problems give as their place.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <exception cref="UserFaultException">Every problem of the text.</exception>
    public static Job Parse(string text, string source, string folder) => JobFileReader.Of(JobFile.Parse(text, source, []), folder);

    /// <summary>Strict UTF-8.</summary>
    /// <exception cref="UserFaultException">Too large, or other bytes.</exception>
    public static string Decode(byte[] bytes, string source)
    {
        if (bytes.Length > JobFile.MaxBytes) throw new UserFaultException($"{source} is larger than 1 MiB. A job has about a kilobyte; is this the right file?");
        try
        {
            return new UTF8Encoding(false, true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new UserFaultException($"{source} is not UTF-8 (byte {e.Index}). Save it as UTF-8.");
        }
    }

    public static string Canonical(Job job) => JobFile.Serialise(job.Spec);

    public static JsonObject Node(Job job) => JsonNode.Parse(Canonical(job))!.AsObject();

    /// <summary>The value of a key by its path; null where the job has none.</summary>
    public static string? Get(JsonObject node, string key)
    {
        var (group, name) = Find(node, key);
        return group?[name]?.ToString();
    }

    public static void Set(JsonObject node, string key, string value)
    {
        var (group, name) = Find(node, key);
        group![name] = value;
    }

    /// <summary>The same job under another name, so that it is another run; a long name is cut to what names may have.</summary>
    public static void AddToName(JsonObject node, string suffix)
    {
        var name = Get(node, "name")!;
        Set(node, "name", name[..Math.Min(name.Length, LongestName - suffix.Length - 1)] + "-" + suffix);
    }

    private static (JsonObject? Group, string Name) Find(JsonObject node, string key)
    {
        var parts = key.Split('.');
        var group = node;
        foreach (var part in parts[..^1]) group = group?[part] as JsonObject;
        return (group, parts[^1]);
    }
}
