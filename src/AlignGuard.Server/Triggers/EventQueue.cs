using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using Azure;
using Azure.Identity;
using Azure.Storage.Queues;

namespace AlignGuard.Server.Triggers;

/// <summary>A queue of events and the one beside it for what cannot be dealt with.</summary>
public sealed record EventQueue(QueueClient Messages, QueueClient Poison)
{
    /// <summary>The queue of that name and its <c>-poison</c>.</summary>
    public static EventQueue Of(QueueServiceClient service, string name) => new(service.GetQueueClient(name), service.GetQueueClient(name + "-poison"));
}

/// <summary><c>queue://ACCOUNT/QUEUE</c>; signed in to as stores are (<see cref="StoreAddress"/>).</summary>
public static class EventQueueAddress
{
    private const string Scheme = "queue://", Emulator = "azurite";

    /// <exception cref="UserFaultException">No address of a queue.</exception>
    /// <exception cref="StoreException">It cannot be reached, or there is no such queue.</exception>
    public static async Task<EventQueue> OpenAsync(string address)
    {
        var (account, name) = Parse(address) ?? throw new UserFaultException(Expected(address));
        var connection = Environment.GetEnvironmentVariable(StoreAddress.ConnectionVariable);
        try
        {
            var service = !string.IsNullOrWhiteSpace(connection) ? new QueueServiceClient(connection)
                : account == Emulator ? new QueueServiceClient("UseDevelopmentStorage=true")
                : new QueueServiceClient(new Uri($"https://{account}.queue.core.windows.net"), new DefaultAzureCredential());
            var queue = EventQueue.Of(service, name);
            // The emulator is a developer's own: its queues come by themselves. On Azure a mistyped name must not.
            if (account == Emulator) await queue.Messages.CreateIfNotExistsAsync();
            else if (!await queue.Messages.ExistsAsync()) throw new StoreException($"Account {account} has no queue '{name}'. Create it and let Event Grid deliver to it, or name another.");
            return queue;
        }
        catch (Exception e) when (e is RequestFailedException or AuthenticationFailedException or AggregateException)
        {
            throw new StoreException($"The queue {address} cannot be opened: {Redaction.Fault(e)} Check account, network and the role Storage Queue Data Contributor.", e);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            throw new UserFaultException($"{StoreAddress.ConnectionVariable} is no connection string with a queue endpoint. Copy it from the account's access keys, or unset the variable to sign in by identity.");
        }
    }

    internal static IEnumerable<string> Problems(string address, IReadOnlyList<string> watched)
    {
        if (Parse(address) is null) yield return Expected(address);
        if (!watched.Any(w => w.StartsWith(StoreAddress.Scheme, StringComparison.Ordinal)))
            yield return $"events: {address} is given, but no blob container is watched, so every event would be passed over. Name the container to watch as well.";
    }

    private static string Expected(string address) => $"events: {address} is no address of a queue. queue://ACCOUNT/QUEUE is expected ({Emulator} as account for the local emulator).";

    private static (string Account, string Name)? Parse(string address)
    {
        // Queues are named by the rules of containers.
        if (!address.StartsWith(Scheme, StringComparison.Ordinal) || WatchedSource.Parse(StoreAddress.Scheme + address[Scheme.Length..]) is not { Prefix: "" } parsed) return null;
        return (parsed.Account, parsed.Container);
    }
}
