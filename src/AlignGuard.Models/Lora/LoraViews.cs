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
            for (var n = 0; n < group.Sites.Count; n++)
                _views.Add(group.Sites[n].Index, new LoraView(a[n], b[n], adapter.Spec.Dropout));
        }
    }

    public LoraView? Find(int site) => _views.TryGetValue(site, out var view) ? view : null;

    public void Dispose()
    {
        foreach (var view in _views.Values) view.Dispose();
    }
}

/// <summary>One layer's A [r, i] and s·B [o, r].</summary>
internal sealed record LoraView(Tensor A, Tensor ScaledB, double Dropout) : IDisposable
{
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
    }
}
