namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// What the driver's loop needs of its host: the embedded runner, or a durable orchestration. Nothing in the loop knows which; every task it awaits comes from here, and it reads no
/// clock, draws no number and touches no file, so an orchestration can replay it.
/// </summary>
public interface IDriverPort<TState, TEvent, TCommand> where TEvent : class
{
    /// <summary>Does a command, once or more often, and tells how it ended. Null = the host stops: the command stays outstanding.</summary>
    Task<TEvent?> DoAsync(TCommand command);

    /// <summary>The next thing that happens from outside: a wish to cancel, news of a child run. Asked for again after each; may never end.</summary>
    Task<TEvent> OutsideAsync();

    /// <summary>Keeps what happened before anything is made of it. Not told of what changes nothing.</summary>
    Task HappenedAsync(TEvent happened, TState after);
}
