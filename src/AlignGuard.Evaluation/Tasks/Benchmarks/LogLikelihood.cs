using AlignGuard.Models.Batches;
using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>log p(response | what stands before it), nats, summed over the response's tokens.</summary>
internal static class LogLikelihood
{
    /// <summary>Rows that one row of a forward pass answers: neighbours that differ in their last token alone, which is their only response (the letters of a question).</summary>
    private sealed record Shared(int First, int Count);

    /// <param name="rows">Of one question side by side.</param>
    /// <param name="progress">Called with the number of finished rows after each batch.</param>
    /// <returns>Per row, in order.</returns>
    public static double[] Of(TextModel model, IReadOnlyList<TokenRow> rows, int batchSize, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        using var _ = no_grad();
        var sums = new double[rows.Count];
        var finished = 0;
        // Rows of like length share a batch: less padding, the same sums.
        foreach (var group in Share(rows).OrderBy(s => rows[s.First].Ids.Length + (rows[s.First].Source?.Length ?? 0)).ThenBy(s => s.First).Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = TokenBatch.Pack([.. group.Select(s => rows[s.First])], model.PadId, model.Model.MaxPositions, model.Model.Device);
            var (owners, places, tokens) = (new List<int>(), new List<long>(), new List<long>());
            var at = 0;
            foreach (var shared in group)
            {
                // Each token of a response is predicted at a place of its own; the rows that share one, all at that one.
                for (var n = shared.First; n < shared.First + shared.Count; n++)
                {
                    var responses = Responses(rows[n]);
                    owners.AddRange(responses.Select(_ => n));
                    places.AddRange(responses.Select((_, t) => (long)at + t));
                    tokens.AddRange(responses);
                }
                at += Responses(rows[shared.First]).Length;
                finished += shared.Count;
            }
            var predicted = model.Model.ResponseLogits(batch, new ForwardOptions { Adapter = model.Adapter }).to(ScalarType.Float32).log_softmax(-1);
            var likelihoods = predicted[tensor(places.ToArray(), device: predicted.device), tensor(tokens.ToArray(), device: predicted.device)].cpu().data<float>().ToArray();
            foreach (var (n, likelihood) in owners.Zip(likelihoods)) sums[n] += likelihood;
            progress?.Invoke(finished);
        }
        return sums;
    }

    private static IEnumerable<Shared> Share(IReadOnlyList<TokenRow> rows)
    {
        for (var (first, next) = (0, 1); first < rows.Count; (first, next) = (next, next + 1))
        {
            while (next < rows.Count && Alike(rows[first], rows[next])) next++;
            yield return new Shared(first, next - first);
        }
    }

    private static bool Alike(TokenRow one, TokenRow other) => LastOnly(one) && LastOnly(other)
        && one.Ids.AsSpan(0, one.Ids.Length - 1).SequenceEqual(other.Ids.AsSpan(0, other.Ids.Length - 1))
        && (one.Source ?? []).AsSpan().SequenceEqual(other.Source ?? []);

    /// <summary>Tokens to predict, in order.</summary>
    private static long[] Responses(TokenRow row) => [.. row.Ids.Where((_, t) => t > 0 && row.IsResponse[t]).Select(id => (long)id)];

    private static bool LastOnly(TokenRow row) => row.IsResponse[^1] && row.ResponseTokens == 1;
}
