using System.Text.RegularExpressions;
using AlignGuard.Models.Chat.Jinja;

namespace AlignGuard.Models.Tokenizers;

// From text to ids: added tokens, then normalizer, pre-tokenizer and model on what lies between them.
public sealed partial class HfTokenizer
{
    internal static readonly PiecePlace Beginning = new(First: true, Continuation: false);

    /// <summary>
    /// Token ids of a rendered conversation: control tokens are read where the template wrote them and nowhere else. Well-formed text only.
    /// </summary>
    /// <param name="place">Where the text stands in what is encoded altogether.</param>
    /// <returns>Whether it ends with plain text; null when it is empty.</returns>
    internal bool? EncodeTagged(TaggedText text, PiecePlace place, List<int> output)
    {
        var foreign = new List<(int Start, int End)>();
        var position = 0;
        foreach (var run in text.Runs)
        {
            if (run.Source != TaggedText.Template) foreign.Add((position, position + run.Length));
            position += run.Length;
        }
        return EncodeParts(text.Value, place, (start, end) => !foreign.Any(f => f.Start < end && f.End > start), output);
    }

    /// <summary>Ids of the control tokens that a template wrote.</summary>
    internal IEnumerable<int> ControlTokens(TaggedText text)
    {
        var ids = new List<int>();
        EncodeTagged(text, Beginning, ids);
        return ids.Distinct().Where(id => added.TryGetValue(id, out var token) && token.Special);
    }

    /// <summary>The added token with which a text begins, as far as the template wrote it.</summary>
    internal (int Id, int Length)? ControlTokenAt(TaggedText text) =>
        (raw.At(text.Value, 0) ?? normalized.At(text.Value, 0)) is { } found && found.Length <= text.Runs[0].Length ? (found.Token.Id, found.Length) : null;

    // Control tokens are read where mayControl(start, end); other added tokens are words like any.
    private bool? EncodeParts(string text, PiecePlace place, Func<int, int, bool>? mayControl, List<int> output)
    {
        bool? plain = null;
        foreach (var (rawId, start, part) in raw.Split(text, mayControl is null ? null : (token, from, to) => !token.Special || mayControl(from, to)))
        {
            if (rawId is { } id)
            {
                output.Add(id);
                plain = false;
                continue;
            }
            var trusted = mayControl?.Invoke(start, start + part.Length) ?? true;
            foreach (var (normalizedId, _, piece) in normalized.Split(Normalize(part, plain is null && place.Continuation), (token, _, _) => !token.Special || trusted))
            {
                if (normalizedId is { } other) output.Add(other);
                else EncodePlain(piece, plain is null ? place : default, output);
                plain = normalizedId is null;
            }
        }
        return plain;
    }

    private void EncodePlain(string text, PiecePlace place, List<int> output)
    {
        if (text.Length == 0) return;
        foreach (var piece in Bounded("pre_tokenizer", () => preTokenizer.Split(text, place))) model.Encode(piece, output);
    }

    private T Bounded<T>(string key, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ModelFormatException(
                $"{Path.Combine(Folder, TokenizerJson.FileName)}: {key}: its regular expression took over {e.MatchTimeout.TotalSeconds:0} s on one text: use the tokenizer of the original model.", e);
        }
        catch (TextGrowthException e)
        {
            throw new ModelFormatException($"{Path.Combine(Folder, TokenizerJson.FileName)}: {key}: {e.Message}: use the tokenizer of the original model.", e);
        }
    }

    private string Normalize(string text, bool continuation) => Bounded("normalizer", () => json.Normalizers.Aggregate(text, (t, step) =>
        t.Length <= TextGrowth.Most(text.Length) ? step.Apply(t, continuation) : throw new TextGrowthException(TextGrowth.Most(text.Length))));
}
