using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;

namespace AlignGuard.Pipeline.Runner;

/// <summary>A decider as the loop sees it. Pure functions all.</summary>
/// <param name="Decide">The state after an event and the commands that follow; the same state object where nothing follows.</param>
/// <param name="Outstanding">What was asked for and not yet answered.</param>
/// <param name="Id">Names a command while it is outstanding.</param>
public sealed record Decider<TState, TEvent, TCommand>(
    Func<TState, TEvent, (TState State, TCommand[] Commands)> Decide, Func<TState, TCommand[]> Outstanding, Func<TState, bool> IsTerminal, Func<TCommand, string> Id);

/// <summary>How things stand when the loop returns.</summary>
/// <param name="State">All that is known.</param>
/// <param name="Stopped">True when the host stopped before the end; driving it again goes on.</param>
public sealed record Driven<TState>(TState State, bool Stopped);

/// <summary>
/// The one loop that drives runs and sweeps, on a laptop and in the cloud: a table of outstanding commands, wait for any, ask the decider what follows, start that. No decision is made here.
/// </summary>
public static class Driver
{
    public static Decider<State, Event, Command> FineTuning { get; } = new(
        (state, happened) => FineTuningDecider.Decide(state, happened) is var (next, commands) ? (next, commands) : default,
        FineTuningDecider.Outstanding, FineTuningDecider.IsTerminal, command => command.Id);

    public static Decider<SweepState, SweepEvent, SweepCommand> Sweep { get; } = new(
        (state, happened) => SweepDecider.Decide(state, happened) is var (next, commands) ? (next, commands) : default,
        SweepDecider.Outstanding, SweepDecider.IsTerminal, command => command.Id);

    public static async Task<Driven<TState>> RunAsync<TState, TEvent, TCommand>(Decider<TState, TEvent, TCommand> decider, IDriverPort<TState, TEvent, TCommand> port, TState state)
        where TState : class where TEvent : class
    {
        var pending = new Dictionary<string, Task<TEvent?>>(StringComparer.Ordinal);
        try
        {
            foreach (var command in decider.Outstanding(state)) pending.Add(decider.Id(command), port.DoAsync(command));
            var outside = port.OutsideAsync();
            while (!decider.IsTerminal(state))
            {
                await Task.WhenAny((IEnumerable<Task>)[outside, .. pending.Values]);
                // What comes from outside goes first: a command that was broken off by a wish to cancel is then not tried again.
                var fromOutside = outside.IsCompleted;
                var happened = fromOutside ? await outside : await EndedAsync(pending);
                if (happened is null) return new Driven<TState>(state, true);
                if (fromOutside) outside = port.OutsideAsync();
                var (next, commands) = decider.Decide(state, happened);
                if (!ReferenceEquals(next, state)) await port.HappenedAsync(happened, next);
                state = next;
                foreach (var command in commands) pending[decider.Id(command)] = port.DoAsync(command);
            }
            return new Driven<TState>(state, false);
        }
        finally
        {
            // Nothing is left behind that still works, whatever went wrong.
            foreach (var task in pending.Values) await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private static Task<TEvent?> EndedAsync<TEvent>(Dictionary<string, Task<TEvent?>> pending)
    {
        var (id, ended) = pending.First(p => p.Value.IsCompleted);
        pending.Remove(id);
        return ended;
    }
}
