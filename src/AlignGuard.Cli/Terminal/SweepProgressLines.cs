using System.Diagnostics;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Sweeps;

namespace AlignGuard.Cli.Terminal;

/// <summary>A sweep's progress: a line for every cell that ends, with the time left at the pace so far, and each run's own lines.</summary>
internal sealed class SweepProgressLines(SweepJob sweep) : ISweepObserver
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private int _endedHere;

    public Action<string> Of(Cell cell, int steps) => new RunProgress(cell.Label, steps, null).Line;

    public void Happened(SweepEvent happened, SweepState state)
    {
        if (happened is not SweepEvent.CellEnded ended) return;
        _endedHere++;
        var done = state.Results.Length;
        var left = _watch.Elapsed / _endedHere * (sweep.Jobs.Count - done);
        Screen.Say($"{done} of {sweep.Jobs.Count} cells done: {sweep.Spec.Cells[ended.Cell].Label} {state.Cells[ended.Cell].Result?.Value.Outcome}{(done < sweep.Jobs.Count ? $"; about {(int)left.TotalMinutes}:{left.Seconds:d2} left" : "")}");
    }

    public void Says(string message) => Screen.Say(message);
}
