using System.Text;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Texts on which tokenizers differ, and as many random ones; the same at every run.</summary>
public static class HardTexts
{
    private static readonly string[] Chosen =
    [
        "Hello, world!", "I'm you'RE we'll 'S it's DON'T", "1234567 3.14159 ١٢٣ ½ Ⅷ", "tab\tnew\r\n\r\n x\n\n\n\n  y", "  two  spaces  ", " ", "\n", "\t\t\t", "                    deep",
        "naïve café Straße ﬁne ﬀ Å Å", "cafe\u0301 a\u0301\u0328\u0323 \u0301lone", "你好世界，這是測試。日本語のテキスト　全角", "한국어 텍스트 \u1112\u1161\u11ab", "Здравствуй, мир! Ελληνικά עברית العربية हिन्दी ไทย",
        "😀 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 ☺️", "𝐁𝐨𝐥𝐝 𠀀𠀁 𝟙𝟚", "def f(x):\n    return {'a': [1, 2], \"b\": x**2}  # comment\n", "for (int i = 0; i < n; ++i) { a[i] += b[i] * 0x1F; }\r\n\t//…", "<html><body class=\"x\">&amp;</body></html>",
        "https://example.com/a?b=c&d=%20#e user@example.org", "a\u0000b\u0001c\u007f\u0085d\u00a0e\u200be\u200d\ufefff\u2028g", "<s>hi</s> <unk> <pad> <bos><eos>", "<|im_start|>user\nhi<|im_end|>\n", "<|begin_of_text|>a <|eot_id|> b<|endoftext|>", "<think>\nso\n</think>\n\n<tool_call>{}</tool_call>",
        "<start_of_turn>user\nhi<end_of_turn>\n", "▁already▁marked ▁ x", "<0x0A> <0xFF>", "Ġword Ċ", new string('a', 300), new string('x', 40) + " " + new string('=', 80), string.Concat(Enumerable.Repeat("ab", 200)), "supercalifragilisticexpialidocious antidisestablishmentarianism",
        "The quick brown fox jumps over the lazy dog.", "ALL CAPS and MixedCase camelCase snake_case kebab-case", "!!!???...---___***", "a,b;c:d|e/f\\g", "“curly” ‘quotes’ — dash – en … ellipsis", "x² + y³ ≠ ∑∞ √π €100 £5 ¥7 ©®™",
    ];

    public static IReadOnlyList<string> All { get; } = [.. Chosen, .. Random(160)];

    private static IEnumerable<string> Random(int count)
    {
        var random = new Random(20240726);
        string[] words = [" the", "ing", "'s", "  ", "\r\n", "😀", "e\u0301", " 12", "</s>", "<|im_end|>", "▁", "\n\n", "ß", "你", "👩‍👧", "\t"];
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(1, 30); n > 0; n--)
                text.Append(random.Next(8) switch
                {
                    0 => words[random.Next(words.Length)],
                    1 => ((char)random.Next(0xA1, 0x250)).ToString(),
                    2 => ((char)random.Next(0x370, 0x600)).ToString(),
                    3 => ((char)random.Next(0x3041, 0x3097)).ToString(),
                    4 => ((char)random.Next(0x4E00, 0x9FA6)).ToString(),
                    5 => new Rune(random.Next(0x1F300, 0x1F650)).ToString(),
                    _ => ((char)random.Next(32, 127)).ToString(),
                });
            yield return text.ToString();
        }
    }
}
