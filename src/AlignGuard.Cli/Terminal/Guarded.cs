using AlignGuard.Guards;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Cli.Terminal;

/// <summary>Turns exceptions into sentences and exit codes, for every command alike.</summary>
internal static class Guarded
{
    public static async Task<int> RunAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (UserFaultException e)
        {
            foreach (var problem in e.Problems) Screen.Say(problem);
            return ExitCode.BadInput;
        }
        catch (StoreException e)
        {
            Screen.Say(e.Message);
            return ExitCode.BadInput;
        }
        catch (RunFailedException e)
        {
            Screen.Say(e.Message);
            return e.Kind.IsBadInput ? ExitCode.BadInput : ExitCode.Fault;
        }
        catch (RunBrokeOffException e)
        {
            Screen.Say(e.Message);
            return e.BadInput ? ExitCode.BadInput : ExitCode.Fault;
        }
        catch (RunBusyException e)
        {
            Screen.Say(e.Message);
            return ExitCode.Fault;
        }
        catch (DamagedArtifactException e)
        {
            Screen.Say($"{e.Message} Give the same command again: the run falls back to the part of its history that is intact.");
            return ExitCode.Fault;
        }
        catch (Exception e) when (e is GuardFaultException or DivergedException)
        {
            Screen.Say(e.Message);
            return ExitCode.Fault;
        }
        catch (OperationCanceledException)
        {
            Screen.Say("Stopped. The same command goes on where this one ended.");
            return ExitCode.Stopped;
        }
        catch (Exception e)
        {
            Screen.Say($"alignguard failed: {e.Message}");
            Screen.Say(e.ToString());
            return ExitCode.Fault;
        }
    }
}
