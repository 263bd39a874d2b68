using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Batches;

/// <summary>What a model must know of sequences that hold several rows each. Owns its tensors.</summary>
/// <param name="Positions">[S, T]: each row counts from 0, as if it were alone.</param>
/// <param name="Segments">[S, T]: the row that a token belongs to, -1 for padding. A token attends to its own row only.</param>
public sealed record PackedSequences(Tensor Positions, Tensor Segments) : IDisposable
{
    /// <param name="places">Of each row.</param>
    /// <param name="lengths">Tokens of each row.</param>
    internal static PackedSequences Of(IReadOnlyList<RowPlace> places, IReadOnlyList<int> lengths, int sequences, int length, Device device)
    {
        var (positions, segments) = (new long[sequences * length], new long[sequences * length]);
        Array.Fill(segments, -1);
        for (var row = 0; row < places.Count; row++)
        {
            var first = places[row].Sequence * length + places[row].Offset;
            for (var t = 0; t < lengths[row]; t++) (positions[first + t], segments[first + t]) = (t, row);
        }
        using var scope = NewDisposeScope();
        return new PackedSequences(Ship(positions), Ship(segments));

        Tensor Ship(long[] values) => tensor(values, device: device).view(sequences, length).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        Positions.Dispose();
        Segments.Dispose();
    }
}
