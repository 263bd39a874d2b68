using System.Buffers;
using System.Text;

namespace AlignGuard.Pipeline.Reports.Markup;

/// <summary>Makes any text harmless in element content and in quoted attributes, of HTML and of XML alike.</summary>
internal static class Escaping
{
    public static string Escape(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var escaped = new StringBuilder(text.Length + 16);
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            // Half a surrogate pair is no character and cannot be encoded.
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done) rune = Rune.ReplacementChar;
            rest = rest[length..];
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\r' => escaped.Append("&#13;"),
                var c when Forbidden(c) => escaped.Append('\uFFFD'),
                _ => escaped.Append(rune.ToString()),
            };
        }
        return escaped.ToString();
    }

    // Control characters and noncharacters, which one of HTML and XML does not allow.
    private static bool Forbidden(int c) => (c < ' ' && c is not ('\t' or '\n')) || c is >= 0x7F and < 0xA0 || (c & 0xFFFE) == 0xFFFE || c is >= 0xFDD0 and <= 0xFDEF;
}
