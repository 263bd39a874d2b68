using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>Keys and values of the tokens seen so far: per layer [N, kvHeads, capacity, headDim], filled up to <see cref="Length"/>.</summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] _keys, _values;

    public KvCache(DecoderConfig config, long rows, long capacity, Device device, ScalarType dtype)
    {
        _keys = Allocate();
        _values = Allocate();

        Tensor[] Allocate() =>
            [.. Enumerable.Range(0, config.Layers).Select(_ =>
                empty(rows, config.KvHeads, capacity, config.HeadDim, dtype: dtype, device: device).DetachFromDisposeScope())];
    }

    /// <summary>Tokens held by every row (padding included).</summary>
    public long Length { get; private set; }

    /// <summary>Appends one layer's new keys and values [N, kvHeads, T, headDim]; returns views of all of them so far.</summary>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        var count = keys.shape[2];
        _keys[layer].narrow(2, Length, count).copy_(keys);
        _values[layer].narrow(2, Length, count).copy_(values);
        return (_keys[layer].narrow(2, 0, Length + count), _values[layer].narrow(2, 0, Length + count));
    }

    /// <summary>Called once a forward pass, after the last layer.</summary>
    internal void Advance(long count) => Length += count;

    /// <summary>Keeps the given rows only: finished answers stop costing time.</summary>
    public void KeepRows(Tensor rows)
    {
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            Keep(ref _keys[layer]);
            Keep(ref _values[layer]);
        }

        void Keep(ref Tensor held)
        {
            var kept = held.index_select(0, rows).DetachFromDisposeScope();
            held.Dispose();
            held = kept;
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values)) tensor.Dispose();
    }
}
