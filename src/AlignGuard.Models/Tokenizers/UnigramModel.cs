using System.Text;

namespace AlignGuard.Models.Tokenizers;

/// <summary>
/// The unigram model of SentencePiece (T5, XLM-R): of all ways to write a piece in tokens, the one of the highest sum of scores (Viterbi). A character that no token
/// covers costs ten below the lowest score; neighbours of that kind are one unknown token, or bytes.
/// </summary>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10;

    private readonly Dictionary<(int Node, char Next), int> edges = [];
    private readonly List<int> idOf = [-1];
    private readonly double[] scores;
    private readonly int[]? bytes;
    private readonly int unknown;
    private readonly double unknownScore;

    /// <param name="isControl">Tokens that plain text must not become.</param>
    public UnigramModel(TokenizerJson json, Func<int, bool> isControl)
    {
        scores = [.. json.Scores];
        unknown = json.UnknownId ?? -1;
        unknownScore = scores.Min() - UnknownPenalty;
        bytes = json.ByteFallback ? [.. Enumerable.Range(0, 256).Select(b => json.Vocab.GetValueOrDefault($"<0x{b:X2}>", -1))] : null;
        if (bytes?.Contains(-1) == true) bytes = null;
        foreach (var (token, id) in json.Vocab)
            if (token.Length > 0 && id != unknown && !isControl(id)) Add(token, id);
    }

    public void Encode(string piece, List<int> output)
    {
        var best = new (double Score, int From, int Id)[piece.Length + 1];
        for (var i = 1; i < best.Length; i++) best[i] = (double.NegativeInfinity, -1, -1);
        for (int at = 0, length; at < piece.Length; at += length)
        {
            Rune.DecodeFromUtf16(piece.AsSpan(at), out _, out length);
            var node = 0;
            var single = false;
            for (var end = at; end < piece.Length && edges.TryGetValue((node, piece[end]), out node); end++)
            {
                if (idOf[node] is not (>= 0 and var id)) continue;
                single |= end + 1 == at + length;
                Reach(end + 1, best[at].Score + scores[id], at, id);
            }
            if (!single) Reach(at + length, best[at].Score + unknownScore, at, unknown);
        }
        Write(piece, best, output);

        void Reach(int end, double score, int from, int id)
        {
            if (best[end].From < 0 || score > best[end].Score) best[end] = (score, from, id);
        }
    }

    private void Write(string piece, (double Score, int From, int Id)[] best, List<int> output)
    {
        var path = new List<(int From, int To, int Id)>();
        for (var end = piece.Length; end > 0; end = best[end].From) path.Add((best[end].From, end, best[end].Id));
        path.Reverse();
        for (var i = 0; i < path.Count; i++)
        {
            var (from, to, id) = path[i];
            if (id != unknown) output.Add(id);
            else if (bytes is not null)
                foreach (var b in Encoding.UTF8.GetBytes(piece[from..to])) output.Add(bytes[b]);
            else if (unknown >= 0 && (i == 0 || path[i - 1].Id != unknown)) output.Add(unknown);
        }
    }

    private void Add(string token, int id)
    {
        var node = 0;
        foreach (var c in token)
        {
            if (!edges.TryGetValue((node, c), out var next))
            {
                edges[(node, c)] = next = idOf.Count;
                idOf.Add(-1);
            }
            node = next;
        }
        idOf[node] = id;
    }
}
