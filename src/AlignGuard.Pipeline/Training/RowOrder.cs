using AlignGuard.Models.Numerics;

namespace AlignGuard.Pipeline.Training;

/// <summary>Which rows a step trains on: a function of (seed, step) alone, so a retried or resumed step sees the same rows.</summary>
/// <param name="groups">Null = as the permutation has it.</param>
public sealed class RowOrder(int rows, int perStep, long seed, LengthGroups? groups = null)
{
    private long _epoch = -1;
    private int[] _order = [];

    /// <summary>Row indices of a step; each epoch is a fresh permutation, and a step may span two.</summary>
    public int[] Of(long step)
    {
        var chosen = new int[perStep];
        for (var k = 0; k < perStep; k++)
        {
            var position = step * perStep + k;
            if (position / rows != _epoch)
            {
                _epoch = position / rows;
                _order = Seeds.Host(seed, "row-order", _epoch).Permutation(rows);
                if (groups is not null) _order = groups.Arrange(_order, _epoch);
            }
            chosen[k] = _order[position % rows];
        }
        return chosen;
    }
}
