using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Hosts;

/// <summary>Runs a host and says in plain sentences why it cannot: a container's log is read by people.</summary>
internal static class Guarded
{
    /// <returns>0 = it was told to stop; 1 = it could not start, or broke; 2 = its settings are wrong.</returns>
    public static async Task<int> RunAsync(Func<Task> host)
    {
        try
        {
            await host();
            return 0;
        }
        catch (UserFaultException e)
        {
            foreach (var problem in e.Problems) await Console.Error.WriteLineAsync(problem);
            return 2;
        }
        catch (StoreException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }
}
