using System.Text;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>The event log of a run, one JSON line an event. Its order is the run.</summary>
public sealed class RunLog(IArtifactStore store, string runFolder)
{
    private string Name => $"{runFolder}/events.jsonl";

    /// <summary>All whole events. A torn last line is what a killed writer leaves: it is cut off and its event happens again.</summary>
    /// <param name="repair">Cut it off in the store too. False for whoever only looks: the writer may be in the middle of it.</param>
    /// <exception cref="StoreException">A line that is whole but unreadable: another version's log, or a damaged one.</exception>
    public async Task<IReadOnlyList<Event>> ReadAsync(bool repair = true)
    {
        if (await store.ReadAsync(Name) is not { } blob) return [];
        var text = Encoding.UTF8.GetString(blob.Content);
        var events = new List<Event>();
        var lines = text.Split('\n');
        for (var n = 0; n < lines.Length - 1; n++)
        {
            var read = EventCodec.Read(lines[n]);
            if (read.IsError) throw new StoreException($"{Name}:{n + 1}: {read.ErrorValue}");
            events.Add(read.ResultValue);
        }
        if (repair && lines[^1].Length > 0) await CutAsync(events.Count);
        return events;
    }

    /// <param name="seconds">How long what happened took; kept for reports.</param>
    public Task AppendAsync(Event e, double seconds = 0)
    {
        var line = EventCodec.Write(e);
        return store.AppendAsync(Name, Encoding.UTF8.GetBytes(FormattableString.Invariant($"{line[..^1]},\"at\":\"{DateTime.UtcNow:o}\",\"seconds\":{seconds:f3}}}\n")));
    }

    /// <summary>Keeps the first <paramref name="keep"/> events only.</summary>
    public async Task CutAsync(int keep)
    {
        var held = (await store.ReadAsync(Name))!;
        var lines = Encoding.UTF8.GetString(held.Content).Split('\n').Take(keep);
        if (!await store.ReplaceAsync(Name, Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))), held.Version))
            throw new StoreException($"{Name} changed while it was repaired: another process works on this run. Stop one of them.");
    }

    /// <summary>Time spent on everything that was completed, whatever processes did it.</summary>
    public async Task<double> SecondsAsync() => (await TimesAsync()).Sum(t => t.Seconds);

    /// <summary>When each whole line was written and how long what it tells of took.</summary>
    public async Task<IReadOnlyList<(DateTime At, double Seconds)>> TimesAsync()
    {
        if (await store.ReadAsync(Name) is not { } blob) return [];
        return [.. Encoding.UTF8.GetString(blob.Content).Split('\n').SkipLast(1).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("at").GetDateTime(), json.RootElement.GetProperty("seconds").GetDouble());
        })];
    }
}
