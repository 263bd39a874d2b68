using System.Globalization;
using System.Text;

namespace AlignGuard.Models.Chat.Jinja;

internal enum TokenKind { Text, OpenExpression, CloseExpression, OpenBlock, CloseBlock, Name, String, Integer, Float, Operator, End }

/// <param name="Text">Unescaped, for strings.</param>
internal readonly record struct JinjaToken(TokenKind Kind, string Text, int Line);

/// <summary>
/// Cuts a template into tokens, with <c>trim_blocks</c> and <c>lstrip_blocks</c> as chat templates are rendered with: the line break after a block or comment and the
/// indentation before one vanish; <c>-</c> takes all white space, <c>+</c> keeps it.
/// </summary>
internal sealed class JinjaLexer
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|"];

    private readonly string source;
    private readonly List<JinjaToken> tokens = [];
    private int at;
    private int line = 1;

    private JinjaLexer(string source) => this.source = source;

    /// <exception cref="JinjaException">Something is not closed, or not of the language.</exception>
    public static List<JinjaToken> Tokens(string template)
    {
        template = template.Replace("\r\n", "\n").Replace('\r', '\n');
        if (template.EndsWith('\n')) template = template[..^1];
        var lexer = new JinjaLexer(template);
        lexer.Run();
        return lexer.tokens;
    }

    private void Run()
    {
        var (trimAll, trimLine) = (false, false);
        while (at < source.Length)
        {
            var open = at;
            while ((open = source.IndexOf('{', open)) >= 0 && (open + 1 >= source.Length || source[open + 1] is not ('{' or '%' or '#'))) open++;
            var end = open < 0 ? source.Length : open;
            Text(end, open, trimAll, trimLine);
            if (open < 0) break;
            var kind = source[open + 1];
            Move(open + 2);
            if (at < source.Length && source[at] is '-' or '+') Move(at + 1);
            trimAll = kind switch
            {
                '#' => Comment(),
                '{' => Inside(TokenKind.OpenExpression, TokenKind.CloseExpression, "}}"),
                _ => Inside(TokenKind.OpenBlock, TokenKind.CloseBlock, "%}"),
            };
            trimLine = kind != '{' && source[at - 3] != '+';
        }
        tokens.Add(new(TokenKind.End, "", line));
    }

    private void Text(int end, int open, bool trimAll, bool trimLine)
    {
        var (from, to) = (at, end);
        if (trimAll) while (from < to && char.IsWhiteSpace(source[from])) from++;
        else if (trimLine && from < to && source[from] == '\n') from++;
        if (open >= 0)
        {
            var sign = open + 2 < source.Length ? source[open + 2] : ' ';
            if (sign == '-') while (to > from && char.IsWhiteSpace(source[to - 1])) to--;
            else if (source[open + 1] != '{' && sign != '+')
            {
                var indent = to;
                while (indent > at && source[indent - 1] is ' ' or '\t') indent--;
                if (indent == 0 || source[indent - 1] == '\n') to = Math.Max(from, indent);
            }
        }
        if (to > from) tokens.Add(new(TokenKind.Text, source[from..to], line));
        Move(end);
    }

    private bool Comment()
    {
        var close = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (close < 0) throw new JinjaException("a comment {# is not closed.", line);
        var trims = close > at && source[close - 1] == '-';
        Move(close + 2);
        return trims;
    }

    // Everything up to the close mark; whether that mark takes the white space behind it.
    private bool Inside(TokenKind open, TokenKind close, string mark)
    {
        tokens.Add(new(open, "", line));
        var (start, braces) = (line, 0);
        while (true)
        {
            while (at < source.Length && char.IsWhiteSpace(source[at])) Move(at + 1);
            if (at >= source.Length) throw new JinjaException($"'{(close == TokenKind.CloseBlock ? "{%" : "{{")}' is not closed.", start);
            var sign = source[at] is '-' or '+' && string.CompareOrdinal(source, at + 1, mark, 0, 2) == 0;
            if (sign || (braces == 0 && string.CompareOrdinal(source, at, mark, 0, 2) == 0))
            {
                var trims = source[at] == '-';
                tokens.Add(new(close, "", line));
                Move(at + (sign ? 3 : 2));
                return trims;
            }
            var token = Next();
            if (token is { Kind: TokenKind.Operator, Text: "{" }) braces++;
            if (token is { Kind: TokenKind.Operator, Text: "}" }) braces--;
            tokens.Add(token);
        }
    }

    private JinjaToken Next()
    {
        var (c, begin, first) = (source[at], at, line);
        if (c is '\'' or '"') return String(c);
        if (char.IsAsciiDigit(c)) return Number();
        if (char.IsLetter(c) || c == '_')
        {
            var end = at;
            while (end < source.Length && (char.IsLetterOrDigit(source[end]) || source[end] == '_')) end++;
            Move(end);
            return new(TokenKind.Name, source[begin..end], first);
        }
        foreach (var op in Operators)
        {
            if (string.CompareOrdinal(source, at, op, 0, op.Length) != 0) continue;
            Move(at + op.Length);
            return new(TokenKind.Operator, op, first);
        }
        throw new JinjaException($"the character '{c}' is not of the template language.", line);
    }

    private JinjaToken Number()
    {
        var (end, isFloat) = (at, false);
        while (end < source.Length && (char.IsAsciiDigit(source[end]) || source[end] == '_')) end++;
        // In `items.0.name` the dots are look-ups.
        var lookUp = tokens[^1] is { Kind: TokenKind.Operator, Text: "." };
        if (!lookUp && end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
        {
            isFloat = true;
            end++;
            while (end < source.Length && char.IsAsciiDigit(source[end])) end++;
        }
        var text = source[at..end].Replace("_", "");
        Move(end);
        if (!isFloat && !long.TryParse(text, CultureInfo.InvariantCulture, out _)) throw new JinjaException($"the number {text[..Math.Min(30, text.Length)]} is too large.", line);
        return new(isFloat ? TokenKind.Float : TokenKind.Integer, text, line);
    }

    private JinjaToken String(char quote)
    {
        var (first, value) = (line, new StringBuilder());
        var i = at + 1;
        for (; i < source.Length && source[i] != quote; i++)
        {
            if (source[i] != '\\')
            {
                value.Append(source[i]);
                continue;
            }
            if (++i >= source.Length) break;
            var digits = source[i] switch { 'x' => 2, 'u' => 4, _ => 0 };
            if (digits > 0)
            {
                if (i + digits >= source.Length || !ushort.TryParse(source.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                    throw new JinjaException($"\\{source[i]} needs {digits} hexadecimal digits.", first);
                value.Append((char)code);
                i += digits;
                continue;
            }
            // As in Python, a backslash before any other character stands for itself.
            value.Append(source[i] switch
            {
                'n' => "\n", 't' => "\t", 'r' => "\r", 'b' => "\b", 'f' => "\f", 'v' => "\v", 'a' => "\a", '0' => "\0",
                '\'' => "'", '"' => "\"", '\\' => "\\", '\n' => "", var other => "\\" + other,
            });
        }
        if (i >= source.Length) throw new JinjaException("a string is not closed.", first);
        Move(i + 1);
        return new(TokenKind.String, value.ToString(), first);
    }

    private void Move(int to)
    {
        line += source.AsSpan(at, to - at).Count('\n');
        at = to;
    }
}
