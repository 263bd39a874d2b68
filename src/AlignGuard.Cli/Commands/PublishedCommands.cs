using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model published NAME</c> and <c>model rollback NAME [--run RUN]</c>: which adapter stands under a name, and back to an earlier one.</summary>
internal static class PublishedCommands
{
    public static Command Published()
    {
        var (name, store) = (Name(), CommonOptions.Store("alignguard-store"));
        var command = new Command("published", "Shows the adapter that is published under a name, and the runs that it took the place of.") { name, store, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => ShowAsync(result.GetRequiredValue(name), result.GetRequiredValue(store), result.GetValue(CommonOptions.Json))));
        return command;
    }

    public static Command Rollback()
    {
        var (name, store) = (Name(), CommonOptions.Store("alignguard-store"));
        var run = new Option<string?>("--run") { Description = "The run to go back to. Default: the one before the current." };
        var command = new Command("rollback", "Makes an earlier adapter the published one again. Its verdict and its files are checked first; nothing is removed.") { name, run, store, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(async () =>
        {
            var back = await Publication.RollbackAsync(await StoreAddress.OpenAsync(result.GetRequiredValue(store)), Valid(result.GetRequiredValue(name)), result.GetValue(run));
            return Print(back, result.GetValue(CommonOptions.Json));
        }));
        return command;
    }

    private static async Task<int> ShowAsync(string name, string path, bool json)
    {
        var store = await StoreAddress.OpenAsync(path, lookOnly: true);
        return Print(await Publication.FindAsync(store, Valid(name)) ?? throw new UserFaultException($"Nothing is published as '{name}' in {store.Location}."), json);
    }

    private static int Print(Publication.Current current, bool json)
    {
        if (json) Console.WriteLine(System.Text.Encoding.UTF8.GetString(CommitProtocol.ToJson(current)));
        else
        {
            Console.WriteLine($"{current.RunId}  {current.Adapter}");
            foreach (var run in current.Replaced) Console.WriteLine($"  before: {run}");
        }
        return ExitCode.Done;
    }

    private static Argument<string> Name() => new("name") { Description = "Name of the job, and so of its adapters." };

    private static string Valid(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name.Any(char.IsAsciiLetterOrDigit)
        ? name : throw new UserFaultException($"'{name}' is no name of a job.");
}
