using System.Text;

namespace AlignGuard.Models.Tokenizers;

/// <summary>
/// GPT-2's bijection between the 256 bytes and 256 printable characters, in which byte-level BPE vocabularies are written: printable
/// Latin-1 stands for itself, every other byte for the next free character from U+0100 on (so a space is 'Ġ').
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] OfByte = new char[256];
    private static readonly short[] OfChar = new short[0x144];

    static ByteAlphabet()
    {
        Array.Fill(OfChar, (short)-1);
        var next = 0x100;
        for (var b = 0; b < 256; b++)
        {
            var printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            OfByte[b] = (char)(printable ? b : next++);
            OfChar[OfByte[b]] = (short)b;
        }
    }

    /// <summary>The 256 characters, by ascending code point.</summary>
    public static IEnumerable<char> Characters => OfByte.Order();

    public static string Encode(ReadOnlySpan<char> text)
    {
        var bytes = Encoding.UTF8.GetMaxByteCount(text.Length) <= 512 ? stackalloc byte[512] : new byte[Encoding.UTF8.GetByteCount(text)];
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        return string.Create(bytes.Length, bytes, (chars, source) =>
        {
            for (var i = 0; i < chars.Length; i++) chars[i] = OfByte[source[i]];
        });
    }

    /// <summary>The byte that a character stands for; null for a character outside of the alphabet.</summary>
    public static byte? Byte(char c) => c < OfChar.Length && OfChar[c] >= 0 ? (byte)OfChar[c] : null;
}
