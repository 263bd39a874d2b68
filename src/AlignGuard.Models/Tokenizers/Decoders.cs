using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AlignGuard.Models.Tokenizers;

/// <summary>One step from tokens back to text; the last step's pieces are joined.</summary>
internal interface IDecoder
{
    List<string> Apply(List<string> tokens);
}

/// <summary>Tokens <c>&lt;0x0A&gt;</c> become the text of their bytes; what is no UTF-8 becomes U+FFFD, one for each byte.</summary>
internal sealed class ByteFallbackDecoder : IDecoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public List<string> Apply(List<string> tokens)
    {
        var (output, bytes) = (new List<string>(), new List<byte>());
        foreach (var token in tokens)
        {
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                bytes.Add(b);
                continue;
            }
            Flush();
            output.Add(token);
        }
        Flush();
        return output;

        void Flush()
        {
            if (bytes.Count == 0) return;
            try
            {
                output.Add(Strict.GetString([.. bytes]));
            }
            catch (DecoderFallbackException)
            {
                output.Add(new string('\uFFFD', bytes.Count));
            }
            bytes.Clear();
        }
    }
}

internal sealed class FuseDecoder : IDecoder
{
    public List<string> Apply(List<string> tokens) => [string.Concat(tokens)];
}

/// <summary>Takes up to so many of one character from both ends of each token.</summary>
internal sealed class StripDecoder(string content, int start, int stop) : IDecoder
{
    public List<string> Apply(List<string> tokens) => [.. tokens.Select(token =>
    {
        for (var i = 0; i < start && token.StartsWith(content, StringComparison.Ordinal); i++) token = token[content.Length..];
        for (var i = 0; i < stop && token.EndsWith(content, StringComparison.Ordinal); i++) token = token[..^content.Length];
        return token;
    })];
}

internal sealed class ReplaceDecoder(Regex? pattern, string? literal, string content) : IDecoder
{
    private readonly ReplaceNormalizer replace = new(pattern, literal, content);

    public List<string> Apply(List<string> tokens) => [.. tokens.Select(t => replace.Apply(t, false))];
}

/// <param name="prefixed">A mark was put before the text: the first token's goes.</param>
internal sealed class MetaspaceDecoder(char mark, bool prefixed) : IDecoder
{
    public List<string> Apply(List<string> tokens) =>
        [.. tokens.Select((t, i) => (prefixed && i == 0 && t.StartsWith(mark) ? t[1..] : t).Replace(mark, ' '))];
}
