using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Tasks;

/// <summary>
/// Whether greedy decoding would give the reference answer, token for token and with its end. Greedy decoding reproduces a reference exactly if and
/// only if every reference token is the likeliest after the true prefix, so one forward pass decides it and nothing has to be generated.
/// </summary>
public static class ExactMatch
{
    public static TaskResult Score(ChatModel chat, LoraAdapter? adapter, IReadOnlyList<TokenRow> rows, int batchSize, int maxLength, CancellationToken cancellation = default)
    {
        using var _ = no_grad();
        var correct = new bool[rows.Count];
        double loss = 0;
        long tokens = 0;
        // Rows of like length share a batch: less padding, the same scores.
        foreach (var indices in Enumerable.Range(0, rows.Count).OrderBy(n => rows[n].Ids.Length).ThenBy(n => n).Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = TokenBatch.Pack([.. indices.Select(n => rows[n])], chat.PadId, maxLength, chat.Model.Device);
            var logits = chat.Model.ResponseLogits(batch, new ForwardOptions { Adapter = adapter }).to(ScalarType.Float32);
            var hit = logits.argmax(-1).eq(batch.Targets).cpu().data<bool>().ToArray();
            loss += nn.functional.cross_entropy(logits, batch.Targets, reduction: nn.Reduction.Sum).item<float>();
            tokens += batch.TotalResponseTokens;
            var at = 0;
            for (var k = 0; k < indices.Length; k++)
            {
                var count = batch.ResponseTokens[k];
                correct[indices[k]] = hit.AsSpan(at, count).IndexOf(false) < 0;
                at += count;
            }
        }
        return new TaskResult(correct, loss / Math.Max(1, tokens));
    }
}

/// <param name="Correct">Per row, in order.</param>
/// <param name="Loss">Nats per response token.</param>
public sealed record TaskResult(IReadOnlyList<bool> Correct, double Loss)
{
    public double Accuracy => Correct.Count == 0 ? double.NaN : Correct.Count(c => c) / (double)Correct.Count;
}
