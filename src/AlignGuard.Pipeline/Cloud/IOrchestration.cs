namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// What an orchestration asks of the engine that replays it. Everything it awaits comes from here, and nothing else is allowed in it: no clock, no numbers drawn, no I/O, no
/// environment, no threads, no <c>ConfigureAwait(false)</c>. The Durable Task host is one page over this; tests have others.
/// </summary>
public interface IOrchestration
{
    string InstanceId { get; }

    /// <summary>UTC, the same in every replay.</summary>
    DateTime Now { get; }

    /// <summary>Calls an activity, which happens once or more often.</summary>
    /// <exception cref="ActivityFailedException">It threw.</exception>
    Task<TAnswer> CallAsync<TAnswer>(string activity, object request);

    /// <summary>Runs another orchestration to its end.</summary>
    /// <exception cref="ActivityFailedException">It failed.</exception>
    Task<string> RunChildAsync(string orchestration, string instanceId, object request);

    Task TimerAsync(TimeSpan delay, CancellationToken cancellation);

    /// <summary>The next event of a name. One that came before it was asked for is kept.</summary>
    Task<string> EventAsync(string name);

    /// <summary>Sends an event to another instance; it may be gone.</summary>
    void Send(string instanceId, string name, string payload);

    /// <summary>What <c>status</c> shows; the last one stands.</summary>
    void Status(object status);

    /// <summary>Begins anew under the same id with an empty history; events that nobody has taken are kept. Nothing may follow but the return.</summary>
    void ContinueAsNew(object request);
}

/// <summary>An activity or a child orchestration threw: what nobody foresaw, for what was foreseen is in the answers.</summary>
public sealed class ActivityFailedException(string message, Exception? inner = null) : Exception(message, inner);
