using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Training;
using Spectre.Console;

namespace AlignGuard.Cli.Terminal;

/// <summary>One run's live line: stage, step, loss, drift, time left. On a pipe, one plain line every few seconds.</summary>
internal sealed partial class RunProgress(string label, int steps, ProgressTask? bar) : IRunObserver
{
    // A parent shows what a child says: it wants to hear more often.
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable(RunProcesses.ChildVariable) is null ? 5 : 1);

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private TimeSpan _lastLine = TimeSpan.FromSeconds(-60);
    private string _stage = "", _drift = "";
    private int _firstStep = -1;
    private TimeSpan _began;
    private double _loss = double.NaN;

    public void Begins(Command command)
    {
        _stage = command.Id;
        Show(_stage, force: true);
    }

    public void Stepped(StepReport report, int total)
    {
        if (_firstStep < 0) (_firstStep, _began) = ((int)report.Step, _watch.Elapsed);
        _loss = double.IsNaN(_loss) ? report.Loss : 0.9 * _loss + 0.1 * report.Loss;
        if (bar is not null) bar.Value = report.Step + 1;
        Show(FormattableString.Invariant($"step {report.Step + 1}/{total} loss {_loss:f3}{(report.Alignment > 0 ? $" alignment {report.Alignment:g2}" : "")}{Eta((int)report.Step + 1)}"));
    }

    public void Measured(string what, int done, int total) => Show($"{what} {done}/{total}");

    public void Ends(Command command, CommandResult? result, string note)
    {
        if (result is CommandResult.DriftDone drift)
        {
            var s = drift.Summary;
            _drift = string.Create(CultureInfo.InvariantCulture, $" | refusals {s.Refusal:p0}, helpful {s.Helpful:p0}, task {s.Task:p0}, KL {s.KlPerToken:g2}");
        }
        if (result is CommandResult.DecomposeDone { Warnings.Length: > 0 } basis && command.Id == "decompose/0")
            foreach (var warning in basis.Warnings) Says(warning);
        if (result is null) Says($"{command.Id}: {note}");
    }

    public void Says(string message)
    {
        if (bar is null) Screen.Say($"{label}: {message}");
        else Screen.Error.MarkupLineInterpolated($"[grey]{label}: {message}[/]");
    }

    /// <summary>A line that a run in another process prints.</summary>
    public void Line(string line)
    {
        // Its job's name stands before every line; here the label does. What it says of its job file is no news.
        var text = line[(line.IndexOf(": ", StringComparison.Ordinal) is var at and >= 0 ? at + 2 : 0)..];
        if (text.Contains(".yaml(", StringComparison.Ordinal)) return;
        if (bar is null)
        {
            Screen.Say($"{label}: {text}");
            return;
        }
        if (Step().Match(text) is { Success: true } step) bar.Value = int.Parse(step.Groups[1].Value, CultureInfo.InvariantCulture);
        bar.Description = $"{label}: {text}".EscapeMarkup();
    }

    [GeneratedRegex(@"^step (\d+)/")]
    private static partial Regex Step();

    /// <summary>From the pace of this process's own steps; measurements in between are in it, since they recur.</summary>
    private string Eta(int done)
    {
        var mine = done - _firstStep;
        if (mine < 5) return "";
        var left = TimeSpan.FromSeconds((_watch.Elapsed - _began).TotalSeconds / (mine - 1) * (steps - done));
        return FormattableString.Invariant($" ETA {(int)left.TotalMinutes}:{left.Seconds:d2}");
    }

    private void Show(string what, bool force = false)
    {
        var line = $"{label}: {what}{_drift}";
        if (bar is not null)
        {
            bar.Description = line.EscapeMarkup();
            return;
        }
        if (!force && _watch.Elapsed - _lastLine < LineEvery) return;
        _lastLine = _watch.Elapsed;
        Screen.Say(line);
    }
}
