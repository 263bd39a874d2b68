using System.Runtime.CompilerServices;

namespace AlignGuard.Models.Chat.Jinja;

/// <summary>
/// What one rendering may take. A template comes with a download, so it is a stranger's program: steps bound its time, characters its memory, depth its stack.
/// </summary>
/// <param name="size">Characters of all messages together: long conversations may take more.</param>
/// <param name="count">Messages.</param>
internal sealed class JinjaBudget(long size, int count)
{
    /// <summary>Nested expressions, blocks and macro calls.</summary>
    public const int MaxDepth = 500;

    private long steps = 1_000_000 + 20_000L * count;
    private long characters = (8L << 20) + 64 * size;
    private long output = (1L << 20) + 8 * size;
    private int depth;

    /// <summary>One step of work, or several.</summary>
    public void Step(long cost = 1)
    {
        if ((steps -= cost) < 0) throw new JinjaException("takes too many steps: it does not end, or not in reasonable time.");
    }

    /// <summary>Text that an operation makes or looks through.</summary>
    public void Text(long length)
    {
        Step();
        if ((characters -= length) < 0) throw new JinjaException("makes too much text on the way.");
    }

    public void Output(long length)
    {
        if ((output -= length) < 0) throw new JinjaException("writes far more text than the conversation has.");
    }

    public void Enter()
    {
        Step();
        if (++depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new JinjaException($"is nested or recurses more than {MaxDepth} levels deep.");
    }

    public void Leave() => depth--;
}
