using AlignGuard.Models.Numerics;

namespace AlignGuard.Pipeline.Training;

/// <summary>
/// Puts rows of like length into one micro-batch, so that little is padded (<c>data.groupByLength</c>; Hugging Face's <c>group_by_length</c>). Rows are sorted within stretches of a shuffled epoch, not over the
/// whole of it, and the micro-batches are shuffled again: which rows meet, and when, still changes from epoch to epoch.
/// </summary>
/// <param name="lengths">Tokens of each row.</param>
/// <param name="batch">Rows in a micro-batch.</param>
public sealed class LengthGroups(IReadOnlyList<int> lengths, int batch, long seed)
{
    /// <summary>Micro-batches' worth of rows that are sorted together.</summary>
    private const int Stretch = 50;

    /// <summary>An epoch's rows in another order; a function of (seed, epoch).</summary>
    /// <param name="order">The epoch's permutation of all rows.</param>
    public int[] Arrange(int[] order, long epoch)
    {
        // Micro-batches are counted over all epochs: the first may have begun in the epoch before, and the last may end in the next.
        var begun = (int)(epoch * order.Length % batch);
        var lead = begun == 0 ? 0 : Math.Min(batch - begun, order.Length);
        var whole = (order.Length - lead) / batch * batch;
        var groups = order[lead..(lead + whole)].Chunk(batch * Stretch).SelectMany(stretch => stretch.OrderBy(row => lengths[row]).Chunk(batch)).ToArray();
        var turns = Seeds.Host(seed, "length-groups", epoch).Permutation(groups.Length);
        return [.. order[..lead], .. turns.SelectMany(g => groups[g]), .. order[(lead + whole)..]];
    }
}
