namespace AlignGuard.Pipeline.Data;

/// <summary>The bytes of one row, valid until the next is asked for; or what keeps them from being a row.</summary>
/// <param name="Line">From 1; 0 in a file that has no lines.</param>
/// <param name="Number">Of the row in a JSON array or a Parquet file, from 1; null for a line.</param>
internal readonly record struct RawRow(int Line, int? Number, ReadOnlyMemory<byte> Json, string? Problem = null);

/// <summary>Cuts a file into rows without holding more than one of them.</summary>
internal static class RawRows
{
    public const string EmptyLine = "the line is empty: remove it.";

    /// <summary>A row a line. Empty lines are problems, except at the end.</summary>
    public static IEnumerable<RawRow> Lines(RowBytes bytes, int rowLimit, bool texts = false)
    {
        var row = new Buffer(rowLimit);
        var (emptyFrom, first) = (0, true);
        for (var next = bytes.Next(); next >= 0;)
        {
            var line = bytes.Line;
            // Next has counted the line break that it returned.
            if (next == '\n') line--;
            row.Clear();
            for (; next >= 0 && next != '\n'; next = bytes.Next()) row.Add((byte)next);
            if (next == '\n') next = bytes.Next();
            if (row.IsBlank)
            {
                if (emptyFrom == 0) emptyFrom = line;
                continue;
            }
            if (first && !texts && row.Trimmed is "{" or "[")
                throw new UnreadableException("holds one JSON document over several lines, not a row a line: write one row a line, or a list of rows in a .json file.");
            first = false;
            for (; emptyFrom > 0 && emptyFrom < line; emptyFrom++) yield return new RawRow(emptyFrom, null, default, EmptyLine);
            emptyFrom = 0;
            yield return new RawRow(line, null, row.Bytes, row.Problem);
        }
    }

    /// <summary>A text a line, as JSON with one field. Blank lines are passed over.</summary>
    public static IEnumerable<RawRow> Texts(RowBytes bytes, int rowLimit)
    {
        foreach (var raw in Lines(bytes, rowLimit, texts: true))
        {
            if (raw.Problem == EmptyLine) continue;
            if (raw.Problem is not null || !System.Text.Unicode.Utf8.IsValid(raw.Json.Span)) yield return raw;
            else yield return raw with { Json = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { [PlainTextLayout.Field] = System.Text.Encoding.UTF8.GetString(raw.Json.Span).TrimEnd('\r') }) };
        }
    }

    /// <summary>
    /// The elements of a JSON array, told apart by brackets and quotes alone, so that one bad element does not hide the next. What an
    /// element holds is checked later.
    /// </summary>
    public static IEnumerable<RawRow> Elements(RowBytes bytes, int rowLimit)
    {
        SkipBlank(bytes); // the '[' that says that this is a list
        var row = new Buffer(rowLimit);
        for (var number = 1; ; number++)
        {
            row.Clear();
            var next = SkipBlank(bytes);
            if (number == 1 && next == ']') break;
            var line = bytes.Line;
            next = ReadElement(bytes, next, row);
            var json = row.Bytes;
            if (next < 0)
            {
                yield return new RawRow(line, number, json, "the file ends before its list is closed: it is cut off, fetch or write it again.");
                yield break;
            }
            yield return new RawRow(line, number, json, row.IsBlank ? "there is no row between two commas, or a comma and a bracket: remove a comma." : row.Problem);
            if (next == ']') break;
        }
        if (SkipBlank(bytes) >= 0) throw new UnreadableException("there is text after the end of the list: a .json file holds one list of rows.");
    }

    // Returns what ended the element: ',' or ']' or −1.
    private static int ReadElement(RowBytes bytes, int next, Buffer row)
    {
        var (depth, quoted, escaped) = (0, false, false);
        for (; next >= 0; next = bytes.Next())
        {
            if (!quoted && depth == 0 && next is ',' or ']') return next;
            row.Add((byte)next);
            if (quoted)
            {
                quoted = escaped || next != '"';
                escaped = !escaped && next == '\\';
            }
            else if (next == '"') quoted = true;
            else if (next is '{' or '[') depth++;
            else if (next is '}' or ']') depth = Math.Max(0, depth - 1);
        }
        return next;
    }

    private static int SkipBlank(RowBytes bytes)
    {
        var next = bytes.Next();
        while (next is ' ' or '\t' or '\r' or '\n') next = bytes.Next();
        return next;
    }

    /// <summary>A row's bytes up to a limit; what comes after it is counted as there, not kept.</summary>
    private sealed class Buffer(int limit)
    {
        private byte[] bytes = new byte[4096];
        private int count;
        private bool over;

        public ReadOnlyMemory<byte> Bytes => bytes.AsMemory(0, count);

        public bool IsBlank => !over && !Bytes.Span.ContainsAnyExcept(" \t\r\n"u8);

        public string? Trimmed => count > 64 ? null : System.Text.Encoding.Latin1.GetString(Bytes.Span).Trim();

        public string? Problem => over ? $"the row has more than {limit:N0} bytes: shorten or split it." : null;

        public void Clear() => (count, over) = (0, false);

        public void Add(byte value)
        {
            if (count == limit)
            {
                over = true;
                return;
            }
            if (count == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(limit, bytes.Length * 2L));
            bytes[count++] = value;
        }
    }
}
