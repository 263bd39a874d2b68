using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace AlignGuard.Models.Tokenizers;

/// <summary>
/// SentencePiece's <c>precompiled_charsmap</c>: a double-array trie from UTF-8 sequences to offsets of zero-terminated replacements. The file is a stranger's: every
/// step through the trie is checked.
/// </summary>
internal sealed class CharsMap
{
    private const int LongestUnit = 6;
    private readonly uint[] trie;
    private readonly byte[] replacements;

    private CharsMap(uint[] trie, byte[] replacements) => (this.trie, this.replacements) = (trie, replacements);

    /// <exception cref="FormatException">Not such a map; the message says why.</exception>
    public static CharsMap Parse(string base64)
    {
        var bytes = Convert.FromBase64String(base64);
        if (bytes.Length < 4) throw new FormatException("it is shorter than its header");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size % 4 != 0 || size > bytes.Length - 4) throw new FormatException($"its trie of {size:N0} bytes does not fit into {bytes.Length:N0}");
        var trie = new uint[size / 4];
        for (var i = 0; i < trie.Length; i++) trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4 + 4 * i));
        return new CharsMap(trie, bytes[(4 + (int)size)..]);
    }

    public string Apply(string text)
    {
        var output = new StringBuilder(text.Length);
        var elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            var element = elements.GetTextElement();
            if (Encoding.UTF8.GetByteCount(element) < LongestUnit && Find(element) is { } whole) output.Append(whole);
            else
                foreach (var rune in element.EnumerateRunes()) output.Append(Find(rune.ToString()) ?? rune.ToString());
        }
        return output.ToString();
    }

    // The shortest key that the unit begins with decides, as in the reference.
    private string? Find(string unit)
    {
        if (trie.Length == 0) return null;
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(8)];
        if (unit.Length > 8) return null;
        bytes = bytes[..Encoding.UTF8.GetBytes(unit, bytes)];
        var node = Offset(trie[0]);
        foreach (var b in bytes)
        {
            if (b == 0) return null;
            node ^= b;
            if (node >= trie.Length || (trie[node] & (1u << 31 | 0xFF)) != b) return null;
            var hasLeaf = (trie[node] >> 8 & 1) == 1;
            node ^= Offset(trie[node]);
            if (hasLeaf && node < trie.Length) return Replacement(trie[node] & 0x7FFF_FFFF);
        }
        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1u << 9) >> 6);

    private string? Replacement(uint at)
    {
        if (at >= replacements.Length) return null;
        var rest = replacements.AsSpan((int)at);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
