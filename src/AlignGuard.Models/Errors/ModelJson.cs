using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace AlignGuard.Models;

/// <summary>Reads the JSON files of a model: size-capped, duplicate keys rejected, syntax errors with file and line.</summary>
public static class ModelJson
{
    /// <summary>The largest tokenizer.json in public use is some 35 MB.</summary>
    public const long MaxBytes = 128L << 20;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Parses the file; the caller disposes the document.</summary>
    /// <exception cref="ModelFormatException">Absent, unreadable, over <paramref name="maxBytes"/>, or not a JSON object.</exception>
    public static JsonDocument Read(string path, long maxBytes = MaxBytes)
    {
        byte[] bytes;
        try
        {
            if (Directory.Exists(path))
                throw new ModelFormatException($"{path} is a folder, not a file: replace it by the model's {Path.GetFileName(path)}.");
            var length = new FileInfo(path).Length;
            if (length > maxBytes)
                throw new ModelFormatException($"{path} has {length:N0} bytes, more than the {maxBytes:N0} allowed: this is not a file of a model.");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFormatException($"{path} does not exist: give the folder of a Hugging Face checkpoint that contains it.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException($"{path} can not be read ({e.Message}): check its permissions and the disk.", e);
        }
        return Parse(bytes, path);
    }

    internal static JsonDocument Parse(ReadOnlyMemory<byte> bytes, string path)
    {
        if (bytes.Span.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        if (!Utf8.IsValid(bytes.Span))
            throw new ModelFormatException($"{path}:{Line(bytes.Span, FirstInvalid(bytes.Span))}: not UTF-8 text: the file is damaged, download it again.");
        JsonDocument document;
        try
        {
            CheckEscapes(bytes.Span, path);
            document = JsonDocument.Parse(bytes, Strict);
        }
        catch (JsonException e)
        {
            // A name that is there twice has no place.
            throw new ModelFormatException(
                $"{path}{(e.LineNumber is { } line ? $":{line + 1}" : "")}: not valid JSON ({FirstSentence(e.Message)}): the file is truncated or damaged, download it again.", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        throw new ModelFormatException($"{path}:1: holds no JSON object: this is not the file of that name of a Hugging Face checkpoint.");
    }

    // An escape that is half a surrogate pair ("\ud800") is grammatical JSON but no text: every later look at it would throw.
    private static void CheckEscapes(ReadOnlySpan<byte> json, string path)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped) continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                throw new ModelFormatException(
                    $"{path}:{Line(json, (int)reader.TokenStartIndex)}: a string holds half a surrogate pair: the file is damaged, download it again.", e);
            }
        }
    }

    private static int FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(utf8[at..], out _, out var length) == OperationStatus.Done) at += length;
        return at;
    }

    private static int Line(ReadOnlySpan<byte> text, int position) => text[..position].Count((byte)'\n') + 1;

    // The rest of a JsonException's message repeats line and byte position.
    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (end < 0) end = message.IndexOf(" Path:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ', '|');
    }
}
