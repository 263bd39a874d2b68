using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard approve RUN --by NAME</c>: a person's decision on what the gate accepted (<c>gate.approval: required</c>).</summary>
internal static class ApproveCommand
{
    public static Command Create()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var by = new Option<string>("--by") { Description = "Who decides.", Required = true };
        var comment = new Option<string?>("--comment") { Description = "Why." };
        var decline = new Option<bool>("--decline") { Description = "Decline: the run ends as rejected and nothing is published." };
        var command = new Command("approve", "Approves, or declines, the publication of what the gate accepted, for jobs with gate.approval: required. The first decision stands.") { run, store, by, comment, decline };
        command.SetAction(result => Guarded.RunAsync(() => DecideAsync(result.GetRequiredValue(run), result.GetRequiredValue(store),
            new Approval(!result.GetValue(decline), result.GetRequiredValue(by), result.GetValue(comment), DateTimeOffset.UtcNow))));
        return command;
    }

    private static async Task<int> DecideAsync(string run, string path, Approval mine)
    {
        var store = await StoreAddress.OpenAsync(path, lookOnly: true);
        var status = await RunStatus.ReadAsync(store, run);
        if (status.Stage != RunStatus.ApprovalStage) throw new UserFaultException([$"Run {run} waits for no approval: {status.Stage}."]);
        var stands = await ApprovalMarker.SetAsync(store, run, mine);
        if (stands.Approved != mine.Approved) throw new UserFaultException([$"Run {run} was {(stands.Approved ? "approved" : "declined")} by {stands.By} before; the first decision stands."]);
        Screen.Say($"Run {run} is {(stands.Approved ? "approved" : "declined")} by {stands.By}. `alignguard resume {run}` ends it.");
        return ExitCode.Done;
    }
}
