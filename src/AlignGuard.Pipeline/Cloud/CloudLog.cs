using System.Globalization;
using System.Text;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// The same log that the embedded runner writes, extended by whoever delivers a line: at the place where the orchestration saw it end, so that a line delivered twice is there once, and of two orchestrations
/// of one run one always notices the other. The line is made by the orchestration, clock and all, so every delivery brings the same bytes.
/// </summary>
internal static class CloudLog
{
    /// <param name="json">Of an event, by its codec.</param>
    public static string Line(string json, DateTime at, double seconds) =>
        FormattableString.Invariant($"{json[..^1]},\"at\":\"{at.ToUniversalTime():o}\",\"seconds\":{(double.IsFinite(seconds) ? seconds : 0).ToString("f3", CultureInfo.InvariantCulture)}}}\n");

    public static async Task<RecordAnswer> AppendAsync(IArtifactStore store, RecordRequest request)
    {
        var (name, line) = ($"{request.Folder}/events.jsonl", Encoding.UTF8.GetBytes(request.Line));
        var after = new RecordAnswer(request.At + line.Length);
        if (await store.AppendAsync(name, line, request.At)) return after;
        var blob = await store.ReadAsync(name);
        var held = blob?.Content ?? [];
        if (held.Length < request.At) return after with { Length = held.Length, Moved = true };
        var there = held.AsSpan((int)request.At);
        if (there.StartsWith(line)) return there.Length == line.Length ? after : after with { Length = held.Length, Moved = true };
        // Half of this very line is what a delivery that died left behind.
        if (there.Length == 0 || !line.AsSpan().StartsWith(there)) return after with { Length = held.Length, Moved = true };
        return await store.ReplaceAsync(name, (byte[])[.. held.AsSpan(0, (int)request.At), .. line], blob!.Version) ? after : after with { Length = held.Length, Moved = true };
    }
}
