using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Batches;

/// <summary>Rows padded on the right, with the places of the loss worked out on the host, so that no step waits for the device. Owns its tensors.</summary>
public sealed class TokenBatch : IDisposable
{
    private TokenBatch(Tensor ids, Tensor predictors, Tensor targets, Tensor rowOfTarget, int[] counts) =>
        (Ids, Predictors, Targets, RowOfTarget, ResponseTokens) = (ids, predictors, targets, rowOfTarget, counts);

    /// <summary>[N, T].</summary>
    public Tensor Ids { get; }
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

    /// <param name="maxLength">Longer rows are cut on the right.</param>
    /// <exception cref="UserFaultException">A row has no response token left: its loss would be an average over nothing.</exception>
    public static TokenBatch Pack(IReadOnlyList<TokenRow> rows, int padId, int maxLength, Device device)
    {
        var length = Math.Min(maxLength, rows.Max(r => r.Ids.Length));
        var ids = new long[rows.Count * length];
        Array.Fill(ids, padId);
        List<long> predictors = [], targets = [], owners = [];
        var counts = new int[rows.Count];
        for (var n = 0; n < rows.Count; n++)
        {
            var row = rows[n];
            for (var t = 0; t < Math.Min(length, row.Ids.Length); t++)
            {
                ids[n * length + t] = row.Ids[t];
                if (t == 0 || !row.IsResponse[t]) continue;
                predictors.Add(n * length + t - 1);
                targets.Add(row.Ids[t]);
                owners.Add(n);
                counts[n]++;
            }
            if (counts[n] == 0)
                throw new UserFaultException([$"A row has no response token within {maxLength} tokens: its loss is fully masked. Give it a response, or raise train.seqLen."]);
        }
        using var scope = NewDisposeScope();
        return new TokenBatch(Ship(ids, rows.Count, length), Ship([.. predictors], -1), Ship([.. targets], -1), Ship([.. owners], -1), counts);

        Tensor Ship(long[] values, params long[] shape) => tensor(values, device: device).view(shape).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        Ids.Dispose();
        Predictors.Dispose();
        Targets.Dispose();
        RowOfTarget.Dispose();
    }
}
