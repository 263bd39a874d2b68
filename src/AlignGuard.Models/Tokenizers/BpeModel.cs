using System.Text;
using Microsoft.ML.Tokenizers;

namespace AlignGuard.Models.Tokenizers;

/// <summary>Turns a piece of text, already cut, into ids.</summary>
internal interface ITokenModel
{
    void Encode(string piece, List<int> output);
}

/// <summary>
/// Byte-level BPE by Microsoft.ML.Tokenizers, and for pieces of unusual length, on which that is slow, by <see cref="MergeModel"/>.
/// </summary>
internal sealed class ByteLevelModel(TokenizerJson json, MergeModel merges, Func<int, bool> isAdded) : ITokenModel
{
    private const int Long = 256;

    private readonly BpeTokenizer bpe = BpeTokenizer.Create(new BpeOptions(json.Vocab)
    {
        Merges = json.Merges.Select(m => $"{m.Left} {m.Right}"),
        UnknownToken = json.UnknownToken,
        FuseUnknownTokens = json.FuseUnknown,
    });

    public void Encode(string piece, List<int> output)
    {
        var symbols = ByteAlphabet.Encode(piece);
        if (json.IgnoreMerges && json.Vocab.TryGetValue(symbols, out var whole) && !isAdded(whole)) output.Add(whole);
        else if (symbols.Length > Long) merges.Encode(symbols, output);
        else output.AddRange(bpe.EncodeToIds(symbols, considerPreTokenization: false, considerNormalization: false));
    }
}

/// <summary>
/// BPE over characters, with bytes for what the vocabulary lacks (<c>byte_fallback</c>). A queue of pairs by rank: n log n for a piece of any length, since
/// SentencePiece's texts come in one piece.
/// </summary>
internal sealed class MergeModel : ITokenModel
{
    private readonly TokenizerJson json;
    private readonly Func<int, bool> isAdded;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> merges = [];
    private readonly int[]? bytes;
    private readonly int? unknown;

    public MergeModel(TokenizerJson json, Func<int, bool> isAdded)
    {
        (this.json, this.isAdded) = (json, isAdded);
        foreach (var (rank, (left, right)) in json.Merges.Index()) merges.TryAdd((json.Vocab[left], json.Vocab[right]), (rank, json.Vocab[left + right]));
        bytes = json.ByteFallback ? [.. Enumerable.Range(0, 256).Select(b => json.Vocab.GetValueOrDefault($"<0x{b:X2}>", -1))] : null;
        unknown = json.UnknownToken is { } token ? json.Vocab[token] : null;
    }

    public void Encode(string piece, List<int> output)
    {
        if (json.IgnoreMerges && json.Vocab.TryGetValue(piece, out var whole) && !isAdded(whole))
        {
            output.Add(whole);
            return;
        }
        var symbols = Symbols(piece);
        Merge(symbols);
        foreach (var symbol in symbols)
            if (symbol >= 0) output.Add(symbol);
    }

    private List<int> Symbols(string piece)
    {
        var symbols = new List<int>(piece.Length);
        var byText = json.Vocab.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<byte> utf8 = stackalloc byte[4];
        var fused = false;
        for (int i = 0, length; i < piece.Length; i += length)
        {
            Rune.DecodeFromUtf16(piece.AsSpan(i), out var rune, out length);
            if (byText.TryGetValue(piece.AsSpan(i, length), out var id))
            {
                symbols.Add(id);
                fused = false;
                continue;
            }
            var encoded = utf8[..rune.EncodeToUtf8(utf8)];
            if (bytes is not null && !encoded.ContainsMissing(bytes))
            {
                foreach (var b in encoded) symbols.Add(bytes[b]);
                fused = false;
            }
            else if (unknown is { } unk)
            {
                if (!(fused && json.FuseUnknown)) symbols.Add(unk);
                fused = true;
            }
        }
        return symbols;
    }

    // Merged-away symbols become -1; `next` leads over them.
    private void Merge(List<int> symbols)
    {
        var (next, previous) = (new int[symbols.Count], new int[symbols.Count]);
        var queue = new PriorityQueue<(int At, int Left, int Right), (int Rank, int At)>();
        for (var i = 0; i < symbols.Count; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
            Enqueue(i);
        }
        while (queue.TryDequeue(out var pair, out _))
        {
            var (at, right) = (pair.At, next[pair.At]);
            // The pair may be gone since it was queued.
            if (symbols[at] != pair.Left || right >= symbols.Count || symbols[right] != pair.Right) continue;
            symbols[at] = merges[(pair.Left, pair.Right)].Id;
            symbols[right] = -1;
            next[at] = next[right];
            if (next[at] < symbols.Count) previous[next[at]] = at;
            if (previous[at] >= 0) Enqueue(previous[at]);
            Enqueue(at);
        }

        void Enqueue(int at)
        {
            if (next[at] < symbols.Count && merges.TryGetValue((symbols[at], symbols[next[at]]), out var merge)) queue.Enqueue((at, symbols[at], symbols[next[at]]), (merge.Rank, at));
        }
    }
}

file static class ByteSpan
{
    public static bool ContainsMissing(this Span<byte> encoded, int[] ids)
    {
        foreach (var b in encoded)
            if (ids[b] < 0) return true;
        return false;
    }
}
