using System.Runtime.InteropServices;
using System.Text;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>
/// The records of a table, one at a time: fields parted by a separator, records by line breaks (LF or CRLF). Quoted as RFC 4180 says, a field may hold separators, line breaks and doubled quotes.
/// </summary>
/// <param name="next">The next byte of UTF-8; −1 at the end.</param>
/// <param name="quoted">Whether quotes mean anything: in a table of GLUE they do not.</param>
/// <param name="limit">The most bytes of a record; what is longer is read to its end, and not kept.</param>
internal sealed class DelimitedRecords(Func<int> next, char separator, bool quoted, int limit)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly List<byte> _field = [];
    private int _line = 1;

    private enum State
    {
        /// <summary>Where a quote opens a quoted field.</summary>
        Begin,
        Plain,
        Quoted,

        /// <summary>Behind a quote in a quoted field: its end, or the first of two.</summary>
        Closed,

        /// <summary>The record is malformed; its line is read to its end.</summary>
        Lost,
    }

    /// <summary>A blank line is a record of one empty field. After a malformed record reading goes on with the next line.</summary>
    public IEnumerable<CsvRecords.Record> Read()
    {
        for (var value = Next(); value >= 0; value = Next())
        {
            // Next has counted the line break that it returned.
            var (line, size, state, error) = (value == '\n' ? _line - 1 : _line, 0, State.Begin, (string?)null);
            var fields = new List<string>();
            _field.Clear();
            for (; value >= 0 && (state == State.Quoted || value != '\n'); value = Next())
            {
                if (++size > limit) error ??= $"the row has more than {limit:N0} bytes: shorten or split it{(state == State.Quoted ? ", or close its quotes" : "")}";
                var after = After(state, value);
                if (after == State.Lost) error ??= "there is text behind a closing quote; double a quote (\"\") that belongs to the field";
                else if (value == separator && after == State.Begin) error ??= End(fields);
                else if (error is null && Belongs(state, after, value)) _field.Add((byte)value);
                state = after;
            }
            if (state == State.Quoted) error ??= "a quoted field is never closed: close it, or double the quotes inside of texts";
            error ??= End(fields);
            yield return new CsvRecords.Record(line, fields, error);
        }
    }

    private State After(State state, int value) => state switch
    {
        State.Lost => State.Lost,
        State.Quoted => value == '"' ? State.Closed : State.Quoted,
        State.Closed when value == '"' => State.Quoted,
        State.Closed when value == '\r' => State.Closed,
        _ when value == separator => State.Begin,
        State.Closed => State.Lost,
        State.Begin when quoted && value == '"' => State.Quoted,
        // A carriage return before a line break is a part of it.
        State.Begin when value == '\r' => State.Begin,
        _ => State.Plain,
    };

    /// <summary>Whether a byte is a part of the field's text: not the quote that opens or closes it, nor the first of two.</summary>
    private static bool Belongs(State before, State after, int value) => after switch
    {
        State.Plain => value != '\r',
        State.Quoted => before is State.Quoted or State.Closed,
        _ => false,
    };

    private string? End(List<string> fields)
    {
        try
        {
            fields.Add(Strict.GetString(CollectionsMarshal.AsSpan(_field)));
            _field.Clear();
            return null;
        }
        catch (DecoderFallbackException)
        {
            return "not UTF-8 text: save the file as UTF-8";
        }
    }

    private int Next()
    {
        var value = next();
        if (value == '\n') _line++;
        return value;
    }
}
