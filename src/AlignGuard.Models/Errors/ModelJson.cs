using System.Text.Json;

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
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, Strict);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(
                $"{path}:{e.LineNumber + 1}: not valid JSON ({FirstSentence(e.Message)}): the file is truncated or damaged, download it again.", e);
        }
        catch (InvalidOperationException e)
        {
            // An escape that is half a surrogate pair is grammatical JSON but no text.
            throw new ModelFormatException($"{path}: a key holds half a surrogate pair: the file is damaged, download it again.", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        throw new ModelFormatException($"{path}:1: holds no JSON object: this is not the file of that name of a Hugging Face checkpoint.");
    }

    // The rest of a JsonException's message repeats line and byte position.
    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (end < 0) end = message.IndexOf(" Path:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ', '|');
    }
}
