using AlignGuard.Models;
using AlignGuard.Models.Batches;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>Prompts and answers as tokens. Where a prompt is longer than the model's context, its beginning is left out.</summary>
internal static class AnswerTokens
{
    /// <summary>
    /// A row whose response is the answer. As plain text, prompt, blank and answer are tokenised as one, and the answer is what follows as many tokens as the prompt alone has (lm-evaluation-harness); the end of
    /// the text is no part of it. By a chat template the answer's end is part of it. An encoder–decoder reads the prompt with its encoder.
    /// </summary>
    /// <returns>The row, and tokens of the prompt that were left out.</returns>
    /// <exception cref="UserFaultException">The answer alone is longer than the model's context, or has no token.</exception>
    public static (TokenRow Row, int Cut) Choice(TextModel model, string prompt, string answer)
    {
        if (model.Chat is { } chat)
        {
            var encoded = chat.Encode(prompt, answer);
            return Fit(model, new TokenRow(encoded.Ids, encoded.IsResponse) { Source = encoded.Source });
        }
        if (model.Model.DecoderStartId is { } start)
            return Fit(model, Behind([start], model.Tokenizer.EncodeLiteral(answer)) with { Source = Prompt(model, prompt) });
        var (before, whole) = (Prompt(model, prompt), Prompt(model, $"{prompt} {answer}"));
        // A tokenizer may draw the whole answer into the prompt's last token; that token is then the answer.
        var context = Math.Min(before.Length, whole.Length - 1);
        return Fit(model, Behind(whole[..context], whole[context..]));
    }

    /// <summary>What a written answer goes on from, cut so that <paramref name="room"/> tokens of answer have room.</summary>
    public static (int[] Ids, int Cut) Prompt(TextModel model, string prompt, int room)
    {
        var ids = model.Chat?.EncodePrompt(prompt) ?? Prompt(model, prompt);
        // An encoder–decoder's answer is a row of its own.
        var most = model.Model.MaxPositions - (model.Model.DecoderStartId is null ? room : 0);
        if (most < 1) throw new UserFaultException($"--max-new-tokens is {room}, and the model's context holds {model.Model.MaxPositions} tokens: ask for fewer.");
        var cut = Math.Max(0, ids.Length - most);
        return (ids[cut..], cut);
    }

    private static int[] Prompt(TextModel model, string text)
    {
        var tokenizer = model.Tokenizer;
        if (model.Model.DecoderStartId is not null) return [.. tokenizer.EncodeLiteral(text), .. tokenizer.EosId is { } end ? [end] : Array.Empty<int>()];
        // The beginning-of-sequence token only where the tokenizer itself writes one.
        var begins = tokenizer.BosId is { } bos && tokenizer.Encode("", addSpecialTokens: true) is [var first, ..] && first == bos;
        return [.. begins ? [tokenizer.BosId!.Value] : Array.Empty<int>(), .. tokenizer.EncodeLiteral(text)];
    }

    private static TokenRow Behind(int[] context, int[] answer) => new([.. context, .. answer], [.. context.Select(_ => false), .. answer.Select(_ => true)]);

    private static (TokenRow, int) Fit(TextModel model, TokenRow row)
    {
        var most = model.Model.MaxPositions;
        if (row.ResponseTokens == 0) throw new UserFaultException("A choice has no token that the model could predict: it is empty, or its prompt is.");
        var cut = Math.Max(0, row.Ids.Length - most);
        // One token of the prompt has to stay: what follows it is predicted from it.
        if (cut > 0 && row.IsResponse.Take(cut + 1).Any(r => r)) throw new UserFaultException($"A choice has {row.ResponseTokens} tokens, and the model's context holds {most}: the model cannot be asked it.");
        var source = row.Source is { } read && read.Length > most ? read[^most..] : row.Source;
        return (new TokenRow(row.Ids[cut..], row.IsResponse[cut..]) { Source = source }, cut + (row.Source?.Length ?? 0) - (source?.Length ?? 0));
    }
}
