using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>Additive masks [N or 1, 1, T, past + T] of one pass: causal, padding hidden, rows of a packed sequence hidden from each other, and where a layer has a window, what lies behind it. Null where the plain causal order says it all, and the attention kernel knows it.</summary>
/// <param name="valid">[N, past + T]: 1 for tokens, 0 for padding; null = all are tokens.</param>
/// <param name="segments">[N, T] of packed sequences: a token sees those of its own segment. Null = all are of one.</param>
internal sealed class AttentionMasks(DecoderConfig config, Tensor? valid, Tensor? segments, long length, long past, Device device, ScalarType dtype)
{
    // By window: layers that see alike share a mask.
    private readonly Dictionary<int, Tensor?> _masks = [];

    public Tensor? Of(int layer)
    {
        var window = config.Window?.Invoke(layer) is { } w && w < past + length ? w : 0;
        if (!_masks.TryGetValue(window, out var mask)) _masks[window] = mask = valid is null && segments is null && window == 0 && (config.AttentionSoftcap is null || length == 1) ? null : Make(window);
        return mask;
    }

    /// <summary>Each token sees itself, so that a row of pure padding stays finite.</summary>
    private Tensor Make(int window)
    {
        using var scope = NewDisposeScope();
        var total = past + length;
        var query = arange(past, total, device: device).view(1, 1, length, 1);
        var key = arange(total, device: device).view(1, 1, 1, total);
        var visible = key <= query;
        if (window > 0) visible = visible.logical_and(key > query - window);
        if (segments is not null) visible = (segments.unsqueeze(1) == segments.unsqueeze(2)).unsqueeze(1).logical_and(visible);
        if (valid is not null) visible = valid.to(ScalarType.Bool).view(valid.shape[0], 1, 1, total).logical_and(visible).logical_or(key == query);
        return zeros_like(visible, dtype: dtype).masked_fill_(visible.logical_not(), float.NegativeInfinity).MoveToOuterDisposeScope();
    }
}
