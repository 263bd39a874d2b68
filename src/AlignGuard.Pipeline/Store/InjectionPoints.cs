namespace AlignGuard.Pipeline.Store;

/// <summary>
/// Named moments at which a rehearsal or a test lets the process die: <c>ALIGNGUARD_KILL_AT=before-commit:3</c> kills it (as SIGKILL would) when that
/// point is reached for the third time. Unset, a point costs one comparison.
/// </summary>
public static class InjectionPoints
{
    private static readonly (string Point, int Count)? Armed = Parse(Environment.GetEnvironmentVariable("ALIGNGUARD_KILL_AT"));
    private static int _reached;

    public static void Reached(string point)
    {
        if (Armed is { } armed && armed.Point == point && Interlocked.Increment(ref _reached) == armed.Count)
            System.Diagnostics.Process.GetCurrentProcess().Kill();
    }

    private static (string, int)? Parse(string? text) => text?.Split(':') switch
    {
        [var point] => (point, 1),
        [var point, var count] when int.TryParse(count, out var n) => (point, n),
        _ => null,
    };
}
