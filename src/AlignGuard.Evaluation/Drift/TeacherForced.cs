using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Drift;

/// <summary>What teacher forcing on the base model's own answer says about a tuned model.</summary>
/// <param name="Margin">Log-odds (nats) of beginning as the base's answer begins: of refusing, where the base refused.</param>
/// <param name="Kl">KL(base‖tuned) per response token, nats.</param>
/// <param name="OpeningKl">The same over the answer's first tokens (<see cref="TeacherForced.OpeningTokens"/>): alignment that is only a few tokens deep gives way there first (arXiv 2406.05946).</param>
public readonly record struct ForcedReading(double Margin, double Kl, double OpeningKl);

/// <summary>
/// The cheap half of DriftCheck: no generation, two forward passes over (prompt, base's answer). It moves long before the refusal rate does.
/// </summary>
public static class TeacherForced
{
    /// <summary>Tokens of the base's answer that count as its beginning.</summary>
    public const int OpeningTokens = 4;

    // Beyond e^±15 float32 probabilities say nothing more.
    private const double LargestMargin = 15;

    public static IReadOnlyList<ForcedReading> Read(ChatModel chat, LoraAdapter adapter, IReadOnlyList<TokenRow> baseAnswers, int batchSize, CancellationToken cancellation = default) =>
        Read(chat.Model, chat.PadId, adapter, baseAnswers, batchSize, cancellation);

    public static IReadOnlyList<ForcedReading> Read(LanguageModel model, int padId, LoraAdapter adapter, IReadOnlyList<TokenRow> baseAnswers, int batchSize, CancellationToken cancellation = default)
    {
        using var _ = no_grad();
        var readings = new List<ForcedReading>();
        foreach (var rows in baseAnswers.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = TokenBatch.Pack(rows, padId, model.MaxPositions, model.Device);
            var before = model.ResponseLogits(batch, ForwardOptions.Plain).to(ScalarType.Float32).log_softmax(-1);
            var after = model.ResponseLogits(batch, new ForwardOptions { Adapter = adapter }).to(ScalarType.Float32).log_softmax(-1);
            var divergence = (before.exp() * (before - after)).sum(dim: -1).clamp_min(0).cpu().data<float>().ToArray();
            var likelihood = after.gather(1, batch.Targets.unsqueeze(1)).squeeze(1).cpu().data<float>().ToArray();
            var at = 0;
            foreach (var count in batch.ResponseTokens)
            {
                var first = Math.Min(OpeningTokens, count);
                var opening = likelihood.Skip(at).Take(first).Sum(l => (double)l);
                readings.Add(new ForcedReading(LogOdds(opening), divergence.Skip(at).Take(count).Average(d => (double)d), divergence.Skip(at).Take(first).Average(d => (double)d)));
                at += count;
            }
        }
        return readings;
    }

    /// <summary>log p − log(1−p) of p = e^<paramref name="logP"/>, within ±15.</summary>
    private static double LogOdds(double logP)
    {
        var complement = -Math.Exp(logP);
        var odds = logP - (complement <= -1 ? double.NegativeInfinity : Math.Log(1 + complement));
        return Math.Clamp(odds, -LargestMargin, LargestMargin);
    }
}
