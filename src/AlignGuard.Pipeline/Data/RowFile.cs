using AlignGuard.Models;
using AlignGuard.Pipeline.Data.Columnar;

namespace AlignGuard.Pipeline.Data;

/// <summary>
/// A data file. <c>.jsonl</c> or <c>.ndjson</c>: a row a line, empty lines only at the end. <c>.json</c>: a list of rows, or a row a line. <c>.csv</c>, <c>.tsv</c>: a table whose first line names the columns.
/// <c>.txt</c>: a text a line. Each may be packed (<c>.jsonl.gz</c>, of one or several gzip members). UTF-8, a byte order mark is tolerated. Such a file is read once, front to back, a row at a time. <c>.parquet</c>: a table, read a row
/// group at a time.
/// </summary>
public static class RowFile
{
    private const string Columns = ".parquet";
    private static readonly string[] Extensions = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", Columns];

    public static RowSet Read(string path, RowFormat format = RowFormat.Auto, RowLimits? limits = null) => Read(path, new RowReading { Format = format, Limits = limits ?? new RowLimits() });

    /// <param name="path">Sentences name the file as it is given here.</param>
    /// <exception cref="UserFaultException">
    /// The file can not be read, holds no rows, or (more than may be left out) rows that can not be used: every problem with <c>file:line</c> (and, in a list, the
    /// number of the row), the first 50 and how many there are.
    /// </exception>
    public static RowSet Read(string path, RowReading reading)
    {
        var (extension, gzip) = Kind(path);
        using var file = Open(path, gzip, reading.Limits.FileBytes);
        using var bytes = extension == Columns ? null : new RowBytes(file, gzip, reading.Limits.FileBytes);
        using var rows = new RowSetBuilder(path);
        var problems = new RowProblems(path);
        // A line of text has no other layout.
        var parser = new RowParser(extension == ".txt" && reading.Format == RowFormat.Auto ? RowFormat.Text : reading.Format, reading.Labels);
        try
        {
            foreach (var raw in bytes is null ? ParquetRows.Read(file, reading.Limits) : Rows(extension, bytes, reading.Limits.RowBytes))
            {
                var place = new RowPlace(path, raw.Line, raw.Number);
                var before = problems.Count;
                if (parser.Parse(raw, line => new RowPlace(path, line, raw.Number), problems) is { } messages) rows.Add(new DataRow(place, messages));
                else if (reading.MostSkipped is not null) rows.PutAside(place, raw.Json.Span, problems.Since(before));
            }
        }
        catch (UnreadableException e)
        {
            problems.Add(new RowPlace(path, bytes?.Line ?? 0), e.Message);
            problems.ThrowIfAny();
        }
        if (reading.MostSkipped is not { } most) problems.ThrowIfAny();
        else Quarantine.RefuseMany(path, problems, rows.Quarantined.Count, rows.Count, most);
        if (rows.Count == 0)
        {
            // Where every row was left out, why says more than that nothing is left.
            problems.ThrowIfAny();
            throw new UserFaultException($"{path}: holds no rows: give a file with at least one.");
        }
        return rows.Build(parser.Format);
    }

    private static IEnumerable<RawRow> Rows(string extension, RowBytes bytes, int limit)
    {
        bytes.SkipByteOrderMark();
        return extension switch
        {
            ".csv" => TableRows.Read(bytes, ',', limit),
            ".tsv" => TableRows.Read(bytes, '\t', limit),
            ".txt" => RawRows.Texts(bytes, limit),
            ".json" when bytes.StartsWith('[') => RawRows.Elements(bytes, limit),
            _ => RawRows.Lines(bytes, limit),
        };
    }

    private static (string Extension, bool Gzip) Kind(string path)
    {
        var gzip = Path.GetExtension(path).Equals(".gz", StringComparison.OrdinalIgnoreCase);
        var extension = Path.GetExtension(gzip ? path[..^3] : path).ToLowerInvariant();
        if (extension == Columns && gzip) throw new UserFaultException($"{path}: is packed, and Parquet is packed within: unpack it, and name it .parquet.");
        return Extensions.Contains(extension) ? (extension, gzip)
            : throw new UserFaultException($"{path}: is not named as a data file: name it .jsonl (a row a line), .json (a list of rows), .csv or .tsv (a table), or .txt (a text a line), with .gz if it is packed; or .parquet.");
    }

    private static FileStream Open(string path, bool gzip, int limit)
    {
        try
        {
            if (Directory.Exists(path)) throw new UserFaultException($"{path}: is a folder: give a file of rows.");
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            // What is packed shows its size only while it is read.
            if (gzip || file.Length <= limit) return file;
            using (file) throw new UserFaultException($"{path}: has {file.Length:N0} bytes, more than the {limit:N0} allowed: split it, or train on a part of it.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserFaultException($"{path}: does not exist: correct data.train or data.eval.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UserFaultException($"{path}: can not be read ({e.Message}): check its permissions and the disk.", e);
        }
    }
}
