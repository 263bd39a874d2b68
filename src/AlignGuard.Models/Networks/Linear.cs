using AlignGuard.Models.Lora;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AlignGuard.Models.Networks;

/// <summary>W0 x + b, with what the adapter adds and what a tap sees.</summary>
internal static class Linear
{
    public static Tensor Apply(LinearSite site, Tensor x, ForwardOptions options, LoraViews? views, TokenPlaces? places = null)
    {
        var y = F.linear(x, site.Weight, site.Bias!);
        if (views?.Find(site.Index) is { } lora)
            y = lora.Apply(x, y, site.Weight, site.Bias, options.Training);
        if (options.Tap is { } tap && tap.Watches(site)) tap.Seen(site, x, y, places);
        return y;
    }

    /// <summary>With frozen weights nothing would ask for gradients before the first adapter; a tap needs them from the first linear on.</summary>
    public static Tensor Tapped(Tensor embedded, ForwardOptions options) => options.Tap is not null && !embedded.requires_grad ? embedded.detach().requires_grad_(true) : embedded;
}
