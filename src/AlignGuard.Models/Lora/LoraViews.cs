using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Lora;

/// <summary>Per-layer views of an adapter's stacked factors, for the length of one forward pass.</summary>
internal sealed class LoraViews : IDisposable
{
    private readonly Dictionary<int, LoraView> _views = [];

    public LoraViews(LoraAdapter adapter)
    {
        foreach (var group in adapter.Groups)
        {
            // unbind's backward is one stack: the gradient of all layers of a group arrives in one tensor.
            var a = group.A.unbind(0);
            var b = (group.B * adapter.Spec.Scale).unbind(0);
            var norms = group.Magnitude?.Norms.unbind(0);
            for (var n = 0; n < group.Sites.Count; n++)
                _views.Add(group.Sites[n].Index, new LoraView(a[n], b[n], adapter.Spec.Dropout) { Dora = norms is null ? null : new DoraView(norms[n], group.Magnitude!.Squares[n]) });
        }
    }

    private LoraViews(IEnumerable<KeyValuePair<int, LoraView>> views)
    {
        foreach (var (site, view) in views) _views.Add(site, view);
    }

    /// <summary>Those of some sites, shared with these.</summary>
    public LoraViews Of(Range sites) => new(_views.Where(v => v.Key >= sites.Start.Value && v.Key < sites.End.Value).OrderBy(v => v.Key));

    /// <summary>Every tensor of them, in a fixed order.</summary>
    public IEnumerable<Tensor> Tensors() => _views.OrderBy(v => v.Key).SelectMany(v => v.Value.Dora is { } dora ? new[] { v.Value.A, v.Value.ScaledB, dora.Norms, dora.Squares } : [v.Value.A, v.Value.ScaledB]);

    /// <summary>The same with other tensors, in that order.</summary>
    public LoraViews With(IReadOnlyList<Tensor> tensors)
    {
        var next = 0;
        return new(_views.OrderBy(v => v.Key).ToList().Select(v => KeyValuePair.Create(v.Key, new LoraView(tensors[next++], tensors[next++], v.Value.Dropout) { Dora = v.Value.Dora is null ? null : new DoraView(tensors[next++], tensors[next++]) })));
    }

    public LoraView? Find(int site) => _views.TryGetValue(site, out var view) ? view : null;

    public void Dispose()
    {
        foreach (var view in _views.Values) view.Dispose();
    }
}

/// <summary>One layer's m [o] and ‖W0‖² [o].</summary>
internal sealed record DoraView(Tensor Norms, Tensor Squares) : IDisposable
{
    /// <summary>m/‖W0 + dW‖ [o], the norm taken for a constant as in the paper (its section 4.3) and in peft; by ranks: no o×i matrix.</summary>
    public Tensor Gain(Tensor weight, LoraView view)
    {
        using var scope = NewDisposeScope();
        Tensor norm;
        using (no_grad())
        {
            var (a, b) = (view.A.detach(), view.ScaledB.detach());
            var along = (b * weight.matmul(a.to(weight.dtype).t()).to(b.dtype)).sum(dim: 1);
            var beside = (b.matmul(a.matmul(a.t())) * b).sum(dim: 1);
            norm = (Squares + 2 * along + beside).clamp_min(0).sqrt();
        }
        return (Norms / norm).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Norms.Dispose();
        Squares.Dispose();
    }
}

/// <summary>One layer's A [r, i] and s·B [o, r].</summary>
internal sealed record LoraView(Tensor A, Tensor ScaledB, double Dropout) : IDisposable
{
    public DoraView? Dora { get; init; }

    /// <summary>What the layer makes of x [.., i] where the frozen weights make <paramref name="y"/> of it.</summary>
    public Tensor Apply(Tensor x, Tensor y, Tensor weight, Tensor? bias, bool training)
    {
        if (Dora is null) return y + Delta(x, training);
        var gain = Dora.Gain(weight, this).to(y.dtype);
        // With dropout the frozen part that is rescaled sees what the factors see.
        if (training && Dropout > 0)
        {
            x = F.dropout(x, Dropout, training: true);
            return y + (gain - 1) * F.linear(x, weight) + gain * Delta(x, training: false);
        }
        return y + (gain - 1) * (bias is null ? y : y - bias) + gain * Delta(x, training: false);
    }

    /// <summary>s·B(A x) for x [.., i].</summary>
    public Tensor Delta(Tensor x, bool training)
    {
        // The factors are float32 whatever the frozen weights are: their updates are small.
        var dtype = x.dtype;
        if (dtype != A.dtype) x = x.to(A.dtype);
        if (training && Dropout > 0) x = F.dropout(x, Dropout, training: true);
        var delta = F.linear(F.linear(x, A), ScaledB);
        return dtype == delta.dtype ? delta : delta.to(dtype);
    }

    public void Dispose()
    {
        A.Dispose();
        ScaledB.Dispose();
        Dora?.Dispose();
    }
}
