namespace AlignGuard.Cli.Terminal;

/// <summary>Exit codes of every command.</summary>
internal static class ExitCode
{
    /// <summary>Done; where there is a gate, it accepted.</summary>
    public const int Done = 0;
    /// <summary>Our fault.</summary>
    public const int Fault = 1;
    /// <summary>Bad input; every problem was listed.</summary>
    public const int BadInput = 2;
    /// <summary>Finished, but the gate rejected the adapter.</summary>
    public const int Rejected = 3;
    /// <summary>Cancelled or told to stop; the same command goes on.</summary>
    public const int Stopped = 4;
}
