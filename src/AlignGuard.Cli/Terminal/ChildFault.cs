using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Cli.Terminal;

/// <summary>Why a process that works on a run could not, as its last line of standard output: the parent throws what the child threw.</summary>
/// <param name="Kind"><c>user</c>, <c>store</c>, <c>busy</c>, <c>input</c> for a run that failed by its input, or <c>run</c> for everything else.</param>
internal sealed record ChildFault(string Kind, bool Transient, IReadOnlyList<string> Problems)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Tells of what goes wrong in <paramref name="work"/>, and lets it go on.</summary>
    public static async Task<int> ToldAsync(Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Console.WriteLine(JsonSerializer.Serialize(Of(e), Json));
            throw;
        }
    }

    /// <summary>Null where the last line says nothing of the kind.</summary>
    public static ChildFault? Read(string output)
    {
        try
        {
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] ? JsonSerializer.Deserialize<ChildFault>(last, Json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public Exception ToException() => Kind switch
    {
        "user" => new UserFaultException(Problems),
        "store" => new StoreException(Problems[0]) { Transient = Transient },
        "busy" => new RunBusyException(Problems[0]),
        _ => new RunBrokeOffException(Problems[0]) { BadInput = Kind == "input" },
    };

    private static ChildFault Of(Exception e) => e switch
    {
        UserFaultException u => new ChildFault("user", false, u.Problems),
        StoreException s => new ChildFault("store", s.Transient, [s.Message]),
        RunBusyException => new ChildFault("busy", true, [e.Message]),
        RunFailedException { Kind.IsBadInput: true } => new ChildFault("input", false, [e.Message]),
        _ => new ChildFault("run", false, [e.Message]),
    };
}
