namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// The wish to stop, polled every micro-batch. Asked to stop (SIGTERM, Ctrl-C, pause, cancel), training commits what it has; measurements, which are short, are
/// dropped and done again. Told to abandon (the lease was lost: somebody else does the same work), training drops what it has too.
/// </summary>
public sealed class StopSignal
{
    private readonly CancellationToken _stop, _abandon;

    public static readonly StopSignal Never = new(CancellationToken.None);

    public StopSignal(CancellationToken stop, CancellationToken abandon = default)
    {
        (_stop, _abandon) = (stop, abandon);
        Token = !abandon.CanBeCanceled ? stop : !stop.CanBeCanceled ? abandon : CancellationTokenSource.CreateLinkedTokenSource(stop, abandon).Token;
    }

    public bool Requested => Token.IsCancellationRequested;

    /// <summary>Either wish: for whatever is dropped in both cases.</summary>
    public CancellationToken Token { get; }

    /// <exception cref="OperationCanceledException">Told to abandon.</exception>
    public void ThrowIfAbandoned() => _abandon.ThrowIfCancellationRequested();
}
