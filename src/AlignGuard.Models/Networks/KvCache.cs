using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>
/// Keys and values of the tokens seen so far: per layer [N, kvHeads, capacity, headDim], filled up to <see cref="Length"/>. Of an encoder–decoder also those of the source, which are worked out once.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] _keys, _values;
    private Tensor[]? _sourceKeys, _sourceValues;
    private Tensor? _sourceMask;

    internal KvCache(int layers, int kvHeads, int headDim, long rows, long capacity, Device device, ScalarType dtype)
    {
        _keys = Allocate();
        _values = Allocate();

        Tensor[] Allocate() =>
            [.. Enumerable.Range(0, layers).Select(_ => empty(rows, kvHeads, capacity, headDim, dtype: dtype, device: device).DetachFromDisposeScope())];
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

    /// <summary>Whether the source was read.</summary>
    internal bool HasSource => _sourceMask is not null;

    /// <summary>The additive mask [N, 1, 1, S] of the source.</summary>
    internal Tensor SourceMask => _sourceMask!;

    /// <summary>Begins the source: its mask, then layer by layer <see cref="SourceOf"/>.</summary>
    internal void BeginSource(Tensor mask)
    {
        _sourceMask = mask.alias().DetachFromDisposeScope();
        (_sourceKeys, _sourceValues) = (new Tensor[_keys.Length], new Tensor[_keys.Length]);
    }

    /// <summary>One layer's keys and values [N, heads, S, headDim] of the source, made when asked for the first time.</summary>
    internal (Tensor Keys, Tensor Values) SourceOf(int layer, Func<(Tensor Keys, Tensor Values)> make)
    {
        if (_sourceKeys![layer] is null)
        {
            var (keys, values) = make();
            (_sourceKeys[layer], _sourceValues![layer]) = (keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
        }
        return (_sourceKeys[layer], _sourceValues![layer]);
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
            if (_sourceKeys is null) continue;
            Keep(ref _sourceKeys[layer]);
            Keep(ref _sourceValues![layer]);
        }
        if (_sourceMask is not null) Keep(ref _sourceMask);

        void Keep(ref Tensor held)
        {
            var kept = held.index_select(0, rows).DetachFromDisposeScope();
            held.Dispose();
            held = kept;
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values).Concat(_sourceKeys ?? []).Concat(_sourceValues ?? [])) tensor?.Dispose();
        _sourceMask?.Dispose();
    }
}
