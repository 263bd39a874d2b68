using System.Text.Json;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Data.Gate;

/// <summary>
/// How alike the base model holds training rows and alignment examples: the cosine of the final hidden states of a completion's last token, of each row with the nearest example, on average (arXiv 2506.05346). An example is an
/// alignment prompt with the model's own answer. Of many rows and prompts some are taken, evenly over all.
/// </summary>
/// <param name="Mean">−1..1.</param>
/// <param name="Rows">That were looked at.</param>
/// <param name="Examples">That they were compared with.</param>
public sealed record HiddenSimilarity(double Mean, int Rows, int Examples)
{
    public const string FileName = "hidden-similarity.json";

    private const int MostRows = 256, MostExamples = 64;

    /// <param name="rows">At least one.</param>
    /// <param name="maxLength">Tokens after which rows are cut.</param>
    /// <param name="answers">How examples are answered, and how many rows are computed together.</param>
    /// <returns>Null where the model has no answer to any of the prompts.</returns>
    public static HiddenSimilarity? Of(ChatModel chat, IReadOnlyList<TokenRow> rows, IReadOnlyList<Prompt> alignment, int maxLength, GenerationOptions answers)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var prompts = Evenly(alignment, MostExamples);
        var examples = prompts.Zip(chat.Answer([.. prompts.Select(p => p.Text)], answers)).Where(e => e.Second.Trim().Length > 0).Select(e => chat.Row(e.First.Text, e.Second)).ToList();
        if (examples.Count == 0) return null;
        var looked = Evenly(rows, MostRows);
        var cosines = Unit(chat, looked, maxLength, answers).matmul(Unit(chat, examples, int.MaxValue, answers).t());
        return new HiddenSimilarity(Math.Round(cosines.amax([1]).mean().item<float>(), 4), looked.Count, examples.Count);
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web);

    public static HiddenSimilarity FromJson(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<HiddenSimilarity>(json, JsonSerializerOptions.Web)!;

    private static IReadOnlyList<T> Evenly<T>(IReadOnlyList<T> all, int most) =>
        all.Count <= most ? all : [.. Enumerable.Range(0, most).Select(n => all[(int)((long)n * all.Count / most)])];

    /// <summary>[rows, hidden], each of length 1.</summary>
    private static Tensor Unit(ChatModel chat, IReadOnlyList<TokenRow> rows, int maxLength, GenerationOptions options)
    {
        var parts = new List<Tensor>();
        foreach (var chunk in rows.Chunk(options.BatchSize))
        {
            options.Cancellation.ThrowIfCancellationRequested();
            using var batch = TokenBatch.Pack(chunk, chat.PadId, Math.Min(maxLength, chat.Model.MaxPositions), chat.Model.Device);
            var length = batch.Ids.shape[1];
            var last = tensor(chunk.Select((row, n) => n * length + Array.FindLastIndex(row.IsResponse, (int)Math.Min(length, row.Ids.Length) - 1, r => r)).ToArray(), device: chat.Model.Device);
            parts.Add(chat.Model.HiddenAt(batch.Ids, last, new ForwardOptions { Source = batch.Source }));
        }
        var features = cat(parts);
        return features / features.norm(1, keepdim: true).clamp_min(1e-12);
    }
}
