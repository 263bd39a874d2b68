using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Lora;

/// <summary>Puts an adapter's update into the weights: W0 + dW, with DoRA m · (W0 + dW)/‖W0 + dW‖.</summary>
public static class LoraMerge
{
    /// <summary>Changes the model's weights in place; the adapter must not be used with it afterwards.</summary>
    /// <exception cref="UserFaultException">The adapter changes a head that is the embedding too: merged, it would change what tokens mean.</exception>
    public static void Into(LanguageModel model, LoraAdapter adapter)
    {
        var tied = model.Weights.Where(w => w.Key != "lm_head.weight").Select(w => w.Value.Handle).ToHashSet();
        var head = adapter.Sites.FirstOrDefault(site => site.Name == "lm_head" && tied.Contains(site.Weight.Handle));
        if (head is not null) throw new UserFaultException(["The adapter changes lm_head, which is the embedding of this model too: merged, it would change the embedding. Use it unmerged, or train without lm_head in lora.targets."]);
        using var _ = no_grad();
        foreach (var group in adapter.Groups)
            for (var n = 0; n < group.Sites.Count; n++)
            {
                using var scope = NewDisposeScope();
                var weight = group.Sites[n].Weight;
                var merged = weight.to(ScalarType.Float32) + group.B[n].matmul(group.A[n]) * adapter.Spec.Scale;
                if (group.Magnitude is { } magnitude) merged = merged * (magnitude.Norms[n] / merged.square().sum(dim: 1).sqrt()).unsqueeze(1);
                weight.copy_(merged.to(weight.dtype));
            }
    }
}
