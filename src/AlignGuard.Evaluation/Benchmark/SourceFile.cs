using System.Security.Cryptography;
using System.Text;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.GZip;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>A row of a source with named fields, or what is wrong with it.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Number">Number of the row in a JSON array, from 1; null where a row has a line.</param>
internal sealed record SourceRow(int Line, int? Number, IReadOnlyDictionary<string, string> Fields, string? Error = null);

/// <summary>A file of prompts, read whole, before anybody knows whose format it has.</summary>
/// <param name="Path">As it was named; for sentences.</param>
/// <param name="Name">The same on every machine: the file's own name, or its folder's and its path in it, parted by <c>/</c>.</param>
/// <param name="Sha256">Of the file's bytes, packed or not, lower-case hex.</param>
/// <param name="Table">Records of a CSV file, the header among them; null for other files.</param>
/// <param name="Rows">Objects of a JSON file, lines of a text (field <c>text</c>), or a table's rows by its first record's names.</param>
internal sealed record SourceFile(string Path, string Name, string Sha256, IReadOnlyList<CsvRecords.Record>? Table, IReadOnlyList<SourceRow> Rows)
{
    /// <summary>The largest file that is read, in bytes after unpacking.</summary>
    public const int MostBytes = 1 << 30;

    private static readonly string[] Extensions = [".csv", ".json", ".jsonl", ".ndjson", ".txt"];

    public string BaseName { get; } = System.IO.Path.GetFileName(Name);

    /// <summary>Names of the fields of the rows that can be read (of the first hundred), in lower case.</summary>
    public IReadOnlySet<string> Columns { get; } = Rows.Where(r => r.Error is null).Take(100).SelectMany(r => r.Fields.Keys).Select(k => k.ToLowerInvariant()).ToHashSet();

    public bool IsText { get; } = Kind(Name) == ".txt";

    public bool Has(params ReadOnlySpan<string> columns)
    {
        foreach (var column in columns)
            if (!Columns.Contains(column)) return false;
        return true;
    }

    /// <summary>True for the names that <see cref="Read"/> reads: <c>.csv</c>, <c>.json</c>, <c>.jsonl</c>, <c>.ndjson</c>, <c>.txt</c>, each perhaps with <c>.gz</c>.</summary>
    public static bool IsSource(string path) => Extensions.Contains(Kind(path));

    /// <exception cref="UserFaultException">The file cannot be read, is not UTF-8, is too large, or is named as no kind of source.</exception>
    public static SourceFile Read(string path, string name)
    {
        if (!IsSource(path)) throw new UserFaultException($"{path}: is not named as a file of prompts: name it .csv, .json, .jsonl or .txt, with .gz if it is packed.");
        var (content, sha256) = Text(path);
        return Kind(path) switch
        {
            ".csv" => Csv(path, name, sha256, content),
            ".txt" => new SourceFile(path, name, sha256, null, [.. PromptRows.Text(content).Select(r => new SourceRow(r.Line, null, r.Fields!))]),
            _ => new SourceFile(path, name, sha256, null, SourceJson.Rows(content)),
        };
    }

    private static SourceFile Csv(string path, string name, string sha256, string content)
    {
        var table = CsvRecords.Read(content);
        var names = table.Count == 0 ? [] : table[0].Fields.Select(f => f.Trim()).ToList();
        return new SourceFile(path, name, sha256, table, [.. table.Skip(1).Select(r => Row(names, r))]);
    }

    private static SourceRow Row(List<string> names, CsvRecords.Record record)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < Math.Min(names.Count, record.Fields.Count); i++) fields[names[i]] = record.Fields[i];
        var error = record.Error is { } malformed ? malformed + "."
            : record.Fields is [var only] && string.IsNullOrWhiteSpace(only) && names.Count > 1 ? "the line is empty; remove it."
            : record.Fields.Count != names.Count ? $"the row has {record.Fields.Count} fields and the header {names.Count}; quote fields that hold commas."
            : null;
        return new SourceRow(record.Line, null, fields, error);
    }

    private static (string Content, string Sha256) Text(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
            if (IsPacked(path)) bytes = Unpack(path, bytes);
            return (new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF'), sha256);
        }
        catch (DecoderFallbackException)
        {
            throw new UserFaultException($"{path}: is not UTF-8: save it as UTF-8.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException($"{path}: can not be read ({e.Message}): correct the path, or its permissions.", e);
        }
    }

    private static byte[] Unpack(string path, byte[] packed)
    {
        using var gzip = new GZipInputStream(new MemoryStream(packed));
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        try
        {
            if (packed.Length == 0) throw new EndOfStreamException();
            for (int read; (read = gzip.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > MostBytes) throw new UserFaultException($"{path}: unpacks to more than {MostBytes:N0} bytes: split it.");
            }
        }
        // A damaged code table shows itself as whatever comes of it.
        catch (Exception e) when (e is EndOfStreamException or SharpZipBaseException or IndexOutOfRangeException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw new UserFaultException($"{path}: is not sound gzip{(e is EndOfStreamException ? ", it is cut off" : "")}: fetch it again, or remove .gz from its name if it is not packed.", e);
        }
        return content.ToArray();
    }

    private static bool IsPacked(string path) => System.IO.Path.GetExtension(path).Equals(".gz", StringComparison.OrdinalIgnoreCase);

    private static string Kind(string path) => System.IO.Path.GetExtension(IsPacked(path) ? path[..^3] : path).ToLowerInvariant();
}
