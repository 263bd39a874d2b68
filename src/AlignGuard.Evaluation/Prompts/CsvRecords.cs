using System.Text;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>RFC 4180: fields parted by commas; a quoted field may hold commas, line breaks and doubled quotes.</summary>
internal sealed class CsvRecords
{
    /// <param name="Line">The line the record begins on, from 1.</param>
    /// <param name="Error">What is malformed, or null.</param>
    internal sealed record Record(int Line, IReadOnlyList<string> Fields, string? Error);

    private readonly string _text;
    private int _at;
    private int _line = 1;

    private CsvRecords(string text) => _text = text;

    /// <summary>The records of a text. A record with an error ends at its line; reading goes on with the next.</summary>
    public static IReadOnlyList<Record> Read(string text)
    {
        var reader = new CsvRecords(text.Replace("\r\n", "\n", StringComparison.Ordinal));
        var records = new List<Record>();
        while (reader._at < reader._text.Length)
            records.Add(reader.Next());
        return records;
    }

    private Record Next()
    {
        var start = _line;
        var fields = new List<string>();
        while (true)
        {
            var error = Field(out var field);
            fields.Add(field);
            if (error is not null)
                SkipLine();
            var more = error is null && _at < _text.Length && _text[_at] == ',';
            if (_at < _text.Length)
                Advance(); // the comma or the line break
            if (!more)
                return new Record(start, fields, error);
        }
    }

    /// <summary>Reads up to a comma, a line break or the end; returns what is wrong, or null.</summary>
    private string? Field(out string field)
    {
        var content = new StringBuilder();
        string? error = null;
        if (_at < _text.Length && _text[_at] == '"')
            error = Quoted(content);
        else
            while (!AtEndOfField())
                content.Append(Advance());
        field = content.ToString();
        return error;
    }

    private string? Quoted(StringBuilder content)
    {
        Advance();
        while (_at < _text.Length)
        {
            var c = Advance();
            if (c != '"')
                content.Append(c);
            else if (_at < _text.Length && _text[_at] == '"')
                content.Append(Advance());
            else
                return AtEndOfField() ? null : "there is text behind a closing quote; double a quote (\"\") that belongs to the field";
        }
        return "a quoted field is never closed";
    }

    private bool AtEndOfField() => _at >= _text.Length || _text[_at] is ',' or '\n';

    private void SkipLine()
    {
        while (_at < _text.Length && _text[_at] != '\n')
            _at++;
    }

    private char Advance()
    {
        if (_text[_at] == '\n')
            _line++;
        return _text[_at++];
    }
}
