using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Pipeline.Data;

/// <summary>What training does with a piece of a row.</summary>
public enum PieceUse
{
    /// <summary>Read, not learnt: the loss leaves it out.</summary>
    Context,

    /// <summary>The loss counts it.</summary>
    Trained,

    /// <summary>Behind seqLen: training never sees it.</summary>
    Cut,
}

/// <param name="Text">Decoded from the tokens, control tokens written out.</param>
public readonly record struct PreviewPiece(PieceUse Use, int Tokens, string Text);

/// <summary>A row as the model sees it.</summary>
public sealed record DataPreview(RowPlace Place, IReadOnlyList<PreviewPiece> Pieces)
{
    /// <param name="tokenizer">The one <paramref name="chat"/> was made for.</param>
    public static DataPreview Of(DataRow row, ConversationFormat chat, HfTokenizer tokenizer, int seqLen)
    {
        var encoded = TrainingData.Encode(row, chat);
        var (ids, isResponse) = (encoded.Ids, encoded.IsResponse);
        var pieces = new List<PreviewPiece>();
        if (encoded.Source is { } source)
        {
            var read = Math.Min(seqLen, source.Length);
            pieces.Add(new PreviewPiece(PieceUse.Context, read, tokenizer.Decode(source.AsSpan(..read), skipSpecial: false)));
            if (source.Length > read) pieces.Add(new PreviewPiece(PieceUse.Cut, source.Length - read, tokenizer.Decode(source.AsSpan(read..), skipSpecial: false)));
        }
        for (int from = 0, to; from < ids.Length; from = to)
        {
            for (to = from + 1; to < ids.Length && Use(to) == Use(from);) to++;
            pieces.Add(new PreviewPiece(Use(from), to - from, tokenizer.Decode(ids.AsSpan(from..to), skipSpecial: false)));
        }
        return new DataPreview(row.Place, pieces);

        // Nothing comes before the first token that could predict it.
        PieceUse Use(int at) => at >= seqLen ? PieceUse.Cut : at > 0 && isResponse[at] ? PieceUse.Trained : PieceUse.Context;
    }

    /// <summary>The text with what is trained in ⟦double brackets⟧ and what is cut in ⟪angle ones⟫, for where there is no colour.</summary>
    public string Marked() => string.Concat(Pieces.Select(p => p.Use switch
    {
        PieceUse.Trained => $"⟦{p.Text}⟧",
        PieceUse.Cut => $"⟪{p.Text}⟫",
        _ => p.Text,
    }));
}
