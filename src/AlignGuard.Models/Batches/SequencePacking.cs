namespace AlignGuard.Models.Batches;

/// <summary>Where a row lies in a packed batch: its first token is token <paramref name="Offset"/> of sequence <paramref name="Sequence"/>.</summary>
public readonly record struct RowPlace(int Sequence, int Offset);

/// <summary>Lays rows behind each other in few sequences, in place of padding each to the longest.</summary>
public static class SequencePacking
{
    /// <summary>
    /// First-fit decreasing: the longest row first, each into the first sequence with room. No sequence is longer than the longest row, so that a packed batch never has more tokens than the padded one,
    /// nor a longer attention.
    /// </summary>
    /// <param name="lengths">Tokens of each row, at least 1.</param>
    /// <returns>One place a row, in the order of the rows; a function of the lengths alone.</returns>
    public static RowPlace[] Places(IReadOnlyList<int> lengths)
    {
        var capacity = lengths.Max();
        var used = new List<int>();
        var places = new RowPlace[lengths.Count];
        // OrderBy is stable: rows of one length keep their order.
        foreach (var row in Enumerable.Range(0, lengths.Count).OrderByDescending(r => lengths[r]))
        {
            var sequence = used.FindIndex(tokens => tokens + lengths[row] <= capacity);
            if (sequence < 0)
            {
                sequence = used.Count;
                used.Add(0);
            }
            places[row] = new RowPlace(sequence, used[sequence]);
            used[sequence] += lengths[row];
        }
        return places;
    }
}
