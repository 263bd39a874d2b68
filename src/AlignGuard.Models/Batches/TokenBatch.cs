using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Batches;

/// <summary>Rows padded on the right, or packed behind each other, with the places of the loss worked out on the host, so that no step waits for the device. Owns its tensors.</summary>
public sealed class TokenBatch : IDisposable
{
    private TokenBatch(Tensor ids, PackedSequences? packed, SourceTokens? source, Tensor predictors, Tensor targets, Tensor rowOfTarget, int[] counts) =>
        (Ids, Packed, Source, Predictors, Targets, RowOfTarget, ResponseTokens) = (ids, packed, source, predictors, targets, rowOfTarget, counts);

    /// <summary>[N, T]; N = <see cref="Rows"/> unless rows share sequences.</summary>
    public Tensor Ids { get; }
    /// <summary>Which row is where; null = a sequence a row.</summary>
    public PackedSequences? Packed { get; }
    /// <summary>What the encoder reads; null for decoder-only models.</summary>
    public SourceTokens? Source { get; }
    /// <summary>[R] flat positions n·T + t whose logits predict a response token.</summary>
    public Tensor Predictors { get; }
    /// <summary>[R] the token ids to predict.</summary>
    public Tensor Targets { get; }
    /// <summary>[R] row of each target.</summary>
    public Tensor RowOfTarget { get; }
    /// <summary>Response tokens per row.</summary>
    public IReadOnlyList<int> ResponseTokens { get; }
    public int TotalResponseTokens => ResponseTokens.Sum();
    public int Rows => ResponseTokens.Count;

    /// <param name="rows">Of one kind of model: all have a source, or none.</param>
    /// <param name="maxLength">Longer rows are cut on the right; sources too.</param>
    /// <param name="packing">Rows share sequences (<see cref="SequencePacking"/>) in place of padding. Loss and gradients are those of the padded batch; what looks at sequences instead of rows, as the
    /// Fisher does, must not ask for it.</param>
    /// <exception cref="UserFaultException">A row has no response token left: its loss would be an average over nothing. Or rows with a source are to be packed.</exception>
    public static TokenBatch Pack(IReadOnlyList<TokenRow> rows, int padId, int maxLength, Device device, bool packing = false)
    {
        int[] lengths = [.. rows.Select(r => Math.Min(maxLength, r.Ids.Length))];
        if (packing && rows[0].Source is not null) throw new UserFaultException([NoPacking]);
        RowPlace[] places = packing ? SequencePacking.Places(lengths) : [.. rows.Select((_, n) => new RowPlace(n, 0))];
        var (sequences, length) = (places.Max(p => p.Sequence) + 1, lengths.Max());
        var ids = new long[sequences * length];
        Array.Fill(ids, padId);
        List<long> predictors = [], targets = [], owners = [];
        var counts = new int[rows.Count];
        for (var n = 0; n < rows.Count; n++)
        {
            var (row, first) = (rows[n], places[n].Sequence * length + places[n].Offset);
            for (var t = 0; t < lengths[n]; t++)
            {
                ids[first + t] = row.Ids[t];
                if (t == 0 || !row.IsResponse[t]) continue;
                predictors.Add(first + t - 1);
                targets.Add(row.Ids[t]);
                owners.Add(n);
                counts[n]++;
            }
            if (counts[n] == 0)
                throw new UserFaultException([$"A row has no response token within {maxLength} tokens: its loss is fully masked. Give it a response, or raise train.seqLen."]);
        }
        var source = rows[0].Source is null ? null : SourceTokens.Pack([.. rows.Select(r => r.Source!)], padId, maxLength, device);
        var packed = packing ? PackedSequences.Of(places, lengths, sequences, length, device) : null;
        using var scope = NewDisposeScope();
        return new TokenBatch(Ship(ids, sequences, length), packed, source, Ship([.. predictors], -1), Ship([.. targets], -1), Ship([.. owners], -1), counts);

        Tensor Ship(long[] values, params long[] shape) => tensor(values, device: device).view(shape).DetachFromDisposeScope();
    }

    /// <summary>Why an encoder–decoder's rows are not packed.</summary>
    public const string NoPacking = "data.packing is for decoder-only models: in an encoder-decoder every row's answer attends to a source of its own, which a shared sequence would mix. "
        + "Remove data.packing; data.groupByLength saves padding there too.";

    public void Dispose()
    {
        Ids.Dispose();
        Packed?.Dispose();
        Source?.Dispose();
        Predictors.Dispose();
        Targets.Dispose();
        RowOfTarget.Dispose();
    }
}
