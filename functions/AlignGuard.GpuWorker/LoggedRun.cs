using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Training;
using Microsoft.Extensions.Logging;

namespace AlignGuard.GpuWorker;

/// <summary>A run's progress in the worker's log: figures and names, never a text of a row or an answer.</summary>
internal sealed class LoggedRun(string runId, ILogger log) : IRunObserver
{
    // Steps between two lines.
    private const int Every = 20;

    public void Begins(Command command)
    {
    }

    public void Stepped(StepReport report, int steps)
    {
        if (report.Step % Every == 0) log.LogInformation("{Run}: step {Step} of {Steps}, loss {Loss:f4}", runId, report.Step, steps, report.Loss);
    }

    public void Measured(string what, int done, int total)
    {
        if (done == total) log.LogInformation("{Run}: {What}, {Total}", runId, what, total);
    }

    public void Ends(Command command, CommandResult? result, string note)
    {
    }

    public void Says(string message) => log.LogInformation("{Run}: {Message}", runId, message);
}
