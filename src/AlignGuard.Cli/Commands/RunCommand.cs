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

/// <summary><c>alignguard run job.yaml --store DIR</c>: fine-tunes, measures, decides, publishes. The same command again goes on, or prints the result.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var job = new Argument<string>("job") { Description = "Job file (YAML or JSON)." };
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("run", "Runs a job; goes on with it if it was interrupted, prints its result if it is finished.") { job, store, CommonOptions.Set, CommonOptions.Device, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(
            result.GetRequiredValue(job), result.GetRequiredValue(store), result.GetValue(CommonOptions.Set) ?? [], result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> RunAsync(string path, string storePath, string[] overrides, bool json)
    {
        var job = JobFileReader.Read(path, overrides);
        return await RunAsync(job, await StoreAddress.OpenAsync(storePath), json);
    }

    /// <summary>Runs a job to its end, or to a stop; prints what came of it.</summary>
    public static async Task<int> RunAsync(Job job, IArtifactStore store, bool json)
    {
        using var models = new ModelHost(ComputeDevice.FromEnvironment());
        using var stop = new StopOnSignal();
        using var run = await JobRun.OpenAsync(job, store, models, new RunProgress(job.Spec.Name, job.Spec.Train.Steps, null), stop.Signal);
        var result = await new LocalRunner(run).RunAsync();
        if (result.Stopped)
        {
            Screen.Say($"Stopped at step {result.State.Step} of {job.Spec.Train.Steps}. The same command goes on from there.");
            return ExitCode.Stopped;
        }
        return await FinishAsync(run, result.State, json);
    }

    private static async Task<int> FinishAsync(RunContext run, State state, bool json)
    {
        var outcome = state.Outcome!.Value;
        if (outcome is Outcome.Failed failed) throw new RunFailedException(run.RunId, failed);
        if (outcome.IsCancelled)
        {
            Screen.Say($"Run {run.RunId} was cancelled at step {state.Step} of {run.Spec.Train.Steps}. Its commits are kept in {run.Store.Location}/{run.Folder}; for a new run give the job another name.");
            return ExitCode.Stopped;
        }
        var report = await ReportBuilder.BuildAsync(run, state);
        var page = await ReportBuilder.WriteAsync(run, report);
        if (json) Console.WriteLine(ReportJson.Write(report));
        else
        {
            ResultTable.Print([report]);
            if (state.Published is { } adapter) Console.WriteLine($"Adapter: {Path.Combine(run.Store.Location, adapter.Value)}");
            Console.WriteLine($"Report:  {Path.Combine(run.Store.Location, page)}");
            Console.WriteLine(RunVerdict.Line(report));
        }
        return outcome.IsAccepted ? ExitCode.Done : ExitCode.Rejected;
    }
}
