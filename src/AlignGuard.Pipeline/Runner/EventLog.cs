using System.Text;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Store;
using Microsoft.FSharp.Core;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// An event log, one JSON line an event. Its order is the run, or the sweep. It is extended only where it ends as this writer last saw it, so of two processes that
/// work on one run, one always notices the other.
/// </summary>
public class EventLog<TEvent>(IArtifactStore store, string folder, Func<TEvent, string> write, Func<string, FSharpResult<TEvent, string>> parse, TimeProvider? clock = null)
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private string[] _lines = [""];
    // Of the log as this writer last saw it; what follows was not written by it.
    private long _length;

    private string Name => $"{folder}/events.jsonl";

    /// <summary>All whole events. A torn last line is what a killed writer leaves: it is cut off and its event happens again.</summary>
    /// <param name="repair">Cut it off in the store too. False for whoever only looks: the writer may be in the middle of it.</param>
    /// <exception cref="StoreException">A line that is whole but unreadable: another version's log, or a damaged one.</exception>
    /// <exception cref="LogMovedException">Another process wrote while it was repaired.</exception>
    public async Task<IReadOnlyList<TEvent>> ReadAsync(bool repair = true)
    {
        var content = (await store.ReadAsync(Name))?.Content ?? [];
        (_lines, _length) = (Lines(content), content.Length);
        var events = new List<TEvent>();
        for (var n = 0; n < _lines.Length - 1; n++)
        {
            var read = parse(_lines[n]);
            if (read.IsError) throw new ForeignArtifactException($"{Name}:{n + 1}: {read.ErrorValue}");
            events.Add(read.ResultValue);
        }
        if (repair && _lines[^1].Length > 0) await CutAsync(events.Count);
        return events;
    }

    /// <param name="seconds">How long what happened took; kept for reports.</param>
    /// <exception cref="LogMovedException">It does not end where this writer left it; nothing was added.</exception>
    public async Task AppendAsync(TEvent e, double seconds = 0)
    {
        var line = Encoding.UTF8.GetBytes(FormattableString.Invariant($"{write(e)[..^1]},\"at\":\"{_clock.GetUtcNow().UtcDateTime:o}\",\"seconds\":{seconds:f3}}}\n"));
        if (!await store.AppendAsync(Name, line, _length) && !await HoldsAlreadyAsync(line)) throw new LogMovedException(Name);
        _length += line.Length;
    }

    /// <summary>An addition whose answer was lost and that was sent again finds itself in its way.</summary>
    private async Task<bool> HoldsAlreadyAsync(byte[] line) => await store.ReadAsync(Name) is { } held && held.Content.Length == _length + line.Length && held.Content.AsSpan().EndsWith(line);

    /// <summary>Keeps the first <paramref name="keep"/> events only, if the log ends where this writer last saw it end.</summary>
    /// <exception cref="LogMovedException">It does not.</exception>
    public async Task CutAsync(int keep)
    {
        if (await store.ReadAsync(Name) is not { } held || held.Content.Length != _length) throw new LogMovedException(Name);
        var kept = Encoding.UTF8.GetBytes(string.Concat(Lines(held.Content).Take(keep).Select(l => l + "\n")));
        if (!await store.ReplaceAsync(Name, kept, held.Version)) throw new LogMovedException(Name);
        _length = kept.Length;
    }

    private static string[] Lines(byte[] content) => Encoding.UTF8.GetString(content).Split('\n');

    /// <summary>Time spent on everything that was completed, whatever processes did it.</summary>
    public async Task<double> SecondsAsync()
    {
        await ReadAsync(repair: false);
        return Times().Sum(t => t.Seconds);
    }

    /// <summary>When each whole line that was read last was written, and how long what it tells of took.</summary>
    public IReadOnlyList<(DateTime At, double Seconds)> Times() => [.. _lines.SkipLast(1).Select(line =>
    {
        using var json = JsonDocument.Parse(line);
        return (json.RootElement.GetProperty("at").GetDateTime(), json.RootElement.GetProperty("seconds").GetDouble());
    })];
}

/// <summary><c>runs/{runId}/events.jsonl</c>.</summary>
public sealed class RunLog(IArtifactStore store, string runFolder, TimeProvider? clock = null) : EventLog<Event>(store, runFolder, EventCodec.Write, EventCodec.Read, clock)
{
    /// <summary>How a run stands, for whoever only looks; the state before any event where there is no log.</summary>
    public static async Task<State> StateAsync(IArtifactStore store, string runId) => FineTuningDecider.Fold(await new RunLog(store, $"runs/{runId}").ReadAsync(repair: false));
}

/// <summary><c>sweeps/{sweepId}/events.jsonl</c>.</summary>
public sealed class SweepLog(IArtifactStore store, string sweepFolder, TimeProvider? clock = null) : EventLog<SweepEvent>(store, sweepFolder, SweepEventCodec.Write, SweepEventCodec.Read, clock);

/// <summary>A log is not as this process left it: another one works on the run, or the store forgot something. It is read again.</summary>
public sealed class LogMovedException(string name) : Exception($"{name} is not as it was left: another process works on this run, or the store lost what it had acknowledged.");
