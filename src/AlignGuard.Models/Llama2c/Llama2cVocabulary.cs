using System.Buffers.Binary;
using System.Text;

namespace AlignGuard.Models.Llama2c;

/// <summary>
/// A tokenizer of llama2.c: the longest token's bytes, then score, length and text of each token in the order of ids. 0 to 2 are unknown, begin and end, 3 to 258 the bytes (<c>&lt;0x0A&gt;</c>), and what
/// follows are the pieces of a SentencePiece BPE with spaces in the place of ▁; the higher a piece's score, the earlier it is merged.
/// </summary>
internal sealed class Llama2cVocabulary
{
    public const int FirstPiece = 3 + 256;

    /// <summary>Bytes of a token; beyond every tokenizer.</summary>
    public const int MaxLength = 1024;

    public static readonly IReadOnlyList<string> Special = ["<unk>", "<s>", "</s>"];

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private Llama2cVocabulary(List<(string Text, float Score)> tokens) => Tokens = tokens;

    /// <summary>By id, with ▁ for spaces.</summary>
    public IReadOnlyList<(string Text, float Score)> Tokens { get; }

    /// <param name="count">As the checkpoint has it: the file does not say.</param>
    /// <exception cref="Llama2cException">The first thing that is wrong: behind it nothing can be read.</exception>
    public static Llama2cVocabulary Read(string path, int count)
    {
        using var file = Llama2cFile.Open(path);
        var left = file.Length - 4;
        if (left < 0) throw Fault(Llama2cFault.TooShort, $"has {file.Length} bytes, fewer than a header: it is no tokenizer of llama2.c, or was cut.");
        Span<byte> word = stackalloc byte[8];
        Llama2cFile.Fill(file, word[..4]);
        var longest = BinaryPrimitives.ReadInt32LittleEndian(word);
        if (longest is < 1 or > MaxLength) throw Fault(Llama2cFault.InvalidSize, $"the longest token is said to have {longest} bytes; between 1 and {MaxLength:N0} are expected: it is no tokenizer of llama2.c, or damaged.");
        // Each token takes nine bytes at least: what the file cannot hold is not made room for.
        if (left / 9 < count) throw Fault(Llama2cFault.Truncated, $"has {file.Length:N0} bytes, too few for the checkpoint's {count:N0} tokens: it belongs to another model, or was cut.");

        var tokens = new List<(string, float)>(count);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        Span<byte> bytes = stackalloc byte[MaxLength];
        for (var id = 0; id < count; id++)
        {
            if ((left -= 8) < 0) throw Fault(Llama2cFault.Truncated, $"ends before token {id:N0} of the checkpoint's {count:N0}: it belongs to another model, or was cut.");
            Llama2cFile.Fill(file, word);
            var (score, length) = (BinaryPrimitives.ReadSingleLittleEndian(word), BinaryPrimitives.ReadInt32LittleEndian(word[4..]));
            if (!float.IsFinite(score)) throw Fault(Llama2cFault.InvalidScore, $"the score of token {id:N0} is {score}: the file is damaged.");
            if (length < 1 || length > longest) throw Fault(Llama2cFault.InvalidLength, $"token {id:N0} is said to have {length} bytes; between 1 and {longest} are expected: the file is damaged.");
            if ((left -= length) < 0) throw Fault(Llama2cFault.Truncated, $"ends within token {id:N0} of the checkpoint's {count:N0}: it was cut.");
            Llama2cFile.Fill(file, bytes[..length]);
            var text = id is 1 or 2 ? Text(bytes[..length], id).Trim('\n') : Text(bytes[..length], id).Replace(' ', '▁');
            if (id < FirstPiece && text != Expected(id))
                throw Fault(Llama2cFault.NoByteTokens, $"token {id} is not {Expected(id)}: bytes and control tokens are expected first. Export the tokenizer again with a current tokenizer.py.");
            if (!seen.TryAdd(text, id)) throw Fault(Llama2cFault.DuplicateToken, $"tokens {seen[text]:N0} and {id:N0} are the same text: the file is damaged.");
            tokens.Add((text, score));
        }
        if (count < FirstPiece) throw Fault(Llama2cFault.NoByteTokens, $"has {count} tokens, fewer than the {FirstPiece} of control and bytes.");
        if (left > 0) throw Fault(Llama2cFault.TrailingBytes, $"has {left:N0} bytes behind the checkpoint's {count:N0} tokens: it belongs to another model.");
        return new Llama2cVocabulary(tokens);

        Llama2cException Fault(Llama2cFault fault, string problem, Exception? inner = null) => new(fault, path, problem, inner);

        string Text(ReadOnlySpan<byte> utf8, int id)
        {
            try
            {
                return Strict.GetString(utf8);
            }
            catch (DecoderFallbackException e)
            {
                throw Fault(Llama2cFault.NotUtf8, $"token {id:N0} is not UTF-8: the file is damaged.", e);
            }
        }
    }

    /// <summary>Pairs of pieces that make a piece, in the order in which they are merged.</summary>
    public IEnumerable<(string Left, string Right)> Merges()
    {
        var pieces = Tokens.Skip(FirstPiece).Select(t => t.Text).ToHashSet(StringComparer.Ordinal);
        return Tokens.Index().Skip(FirstPiece).OrderByDescending(t => t.Item.Score).ThenBy(t => t.Index)
            .SelectMany(t => Enumerable.Range(1, t.Item.Text.Length - 1).Select(at => (Left: t.Item.Text[..at], Right: t.Item.Text[at..])).Where(p => pieces.Contains(p.Left) && pieces.Contains(p.Right)));
    }

    private static string Expected(int id) => id < 3 ? Special[id] : $"<0x{id - 3:X2}>";
}
