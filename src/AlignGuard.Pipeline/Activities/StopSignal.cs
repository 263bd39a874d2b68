namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// The wish to stop (SIGTERM, Ctrl-C, cancel), polled every micro-batch. Training commits what it has; measurements, which are short, are dropped
/// and done again.
/// </summary>
public sealed class StopSignal(CancellationToken token)
{
    public static readonly StopSignal Never = new(CancellationToken.None);

    public bool Requested => token.IsCancellationRequested;
    public CancellationToken Token => token;
}
