using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary>
/// <c>alignguard work RUN</c>: what sweeps, the demo and the server start, a process a run (<see cref="RunProcesses"/>). The run's job is in the store. Unlike <c>resume</c> it lets a paused run rest, and what came of it
/// is not printed but in the run's log.
/// </summary>
internal static class WorkCommand
{
    public const string Prepare = "--prepare", NoWait = "--no-wait";

    public static Command Create()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var prepare = new Option<bool>(Prepare) { Description = "Stop when the base model is measured and the first Fisher is there." };
        var noWait = new Option<bool>(NoWait) { Description = "End at once where another process works on the run." };
        var command = new Command("work", "Works on a run that was asked for.") { run, store, prepare, noWait };
        command.Hidden = true;
        command.SetAction(result => Guarded.RunAsync(() => ChildFault.ToldAsync(() => RunAsync(result.GetRequiredValue(run), result.GetRequiredValue(store), result.GetValue(prepare), !result.GetValue(noWait)))));
        return command;
    }

    private static async Task<int> RunAsync(string runId, string path, bool prepare, bool wait)
    {
        var store = await StoreAddress.OpenAsync(path);
        var job = await StoredJob.ReadAsync(store, runId);
        // Before the model is loaded for nothing.
        if (!wait) await RunLease.RequireFreeAsync(store, runId);
        using var models = new ModelHost(ComputeDevice.FromEnvironment());
        using var stop = new StopOnSignal();
        using var prepared = CancellationTokenSource.CreateLinkedTokenSource(stop.Signal.Token);
        var progress = new RunProgress(job.Spec.Name, job.Spec.Train.Steps, null);
        var observer = prepare ? new UntilPrepared(progress, job.Spec.IsGuarded ? "fisher/0" : "baseline", prepared.Cancel) : (IRunObserver)progress;
        if (prepare && (await RunLog.StateAsync(store, runId)).IsPrepared) return ExitCode.Done;

        using var run = await JobRun.OpenAsync(job, store, models, observer, new StopSignal(prepared.Token));
        var driven = await new LocalRunner(run, wait).RunAsync();
        if (driven.Stopped) return ExitCode.Stopped;
        var outcome = driven.State.Outcome!.Value;
        if (outcome is Outcome.Failed failed) throw new RunFailedException(runId, failed);
        if (outcome.IsCancelled) return ExitCode.Stopped;
        await ReportBuilder.WriteAsync(run, await ReportBuilder.BuildAsync(run, driven.State));
        return outcome.IsAccepted ? ExitCode.Done : ExitCode.Rejected;
    }

    /// <summary>Stops the run when a command has ended well.</summary>
    private sealed class UntilPrepared(IRunObserver inner, string last, Action stop) : IRunObserver
    {
        public void Begins(Domain.FineTuning.Command command) => inner.Begins(command);
        public void Stepped(Pipeline.Training.StepReport report, int steps) => inner.Stepped(report, steps);
        public void Measured(string what, int done, int total) => inner.Measured(what, done, total);
        public void Says(string message) => inner.Says(message);

        public void Ends(Domain.FineTuning.Command command, CommandResult? result, string note)
        {
            inner.Ends(command, result, note);
            if (command.Id == last && result is not null) stop();
        }
    }
}
