using AlignGuard.Models.Batches;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Fisher;

/// <summary>Fisher factors of many layers from one batched forward and backward pass over the examples.</summary>
public static class FisherPass
{
    /// <summary>
    /// Weights stay frozen, dropout is off. The loss of an example is the summed negative log-likelihood of its response tokens (nats),
    /// so examples do not mix and every per-example gradient is in the batch's X and D.
    /// </summary>
    /// <param name="adapter">dW at which the Fisher is taken (refresh); null = at W0.</param>
    /// <param name="batches">Examples, drawn one by one and never packed: a sequence is an example. Each batch is disposed after use.</param>
    /// <param name="cancellation">Polled after every batch.</param>
    public static IReadOnlyList<FisherFactors> Run(LanguageModel model, LoraAdapter? adapter, IReadOnlyList<LinearSite> sites, IEnumerable<TokenBatch> batches,
        FisherOptions options, CancellationToken cancellation = default)
    {
        var factors = sites.ToDictionary(site => site.Index, site => new FisherFactors(site, options, model.Device));
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using (batch) AddBatch(model, adapter, sites, batch, factors);
        }
        return [.. sites.Select(site => factors[site.Index])];
    }

    private static void AddBatch(LanguageModel model, LoraAdapter? adapter, IReadOnlyList<LinearSite> sites, TokenBatch batch, Dictionary<int, FisherFactors> factors)
    {
        if (batch.Packed is not null) throw new ArgumentException("Rows that share a sequence have one gradient between them: the Fisher takes batches that are not packed.", nameof(batch));
        using var scope = NewDisposeScope();
        using var tap = new GramTap(sites);
        using (Frozen.While(adapter))
        {
            var loss = ResponseLoss.PerToken(model, batch, new ForwardOptions { Adapter = adapter, Tap = tap }).sum();
            loss.backward();
        }
        using var _ = no_grad();
        foreach (var (site, x, d) in tap.Captured()) factors[site.Index].Add(x, d);
    }

    /// <summary>The adapter's factors need no gradient during the pass: half of the backward work of its layers.</summary>
    private sealed class Frozen : IDisposable
    {
        private readonly LoraAdapter? _adapter;

        private Frozen(LoraAdapter? adapter) => _adapter = adapter;

        public static Frozen While(LoraAdapter? adapter)
        {
            foreach (var parameter in adapter?.Parameters ?? []) parameter.requires_grad_(false);
            return new Frozen(adapter);
        }

        public void Dispose()
        {
            foreach (var parameter in _adapter?.Parameters ?? []) parameter.requires_grad_(true);
        }
    }
}
