using System.Text;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>The event log of a run, one JSON line an event. Its order is the run.</summary>
public sealed class RunLog(IArtifactStore store, string runFolder)
{
    private string Name => $"{runFolder}/events.jsonl";

    /// <summary>All whole events. A torn last line is what a killed writer leaves: it is cut off and its event happens again.</summary>
    /// <exception cref="StoreException">A line that is whole but unreadable: another version's log, or a damaged one.</exception>
    public async Task<IReadOnlyList<Event>> ReadAsync()
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
        if (lines[^1].Length > 0) await ReplaceAsync(events);
        return events;
    }

    public Task AppendAsync(Event e) => store.AppendAsync(Name, Encoding.UTF8.GetBytes(EventCodec.Write(e) + "\n"));

    /// <summary>Writes the log anew, with these events only.</summary>
    public async Task ReplaceAsync(IEnumerable<Event> events)
    {
        var content = Encoding.UTF8.GetBytes(string.Concat(events.Select(e => EventCodec.Write(e) + "\n")));
        var held = await store.ReadAsync(Name);
        if (!await store.ReplaceAsync(Name, content, held?.Version))
            throw new StoreException($"{Name} changed while it was repaired: another process works on this run. Stop one of them.");
    }
}
