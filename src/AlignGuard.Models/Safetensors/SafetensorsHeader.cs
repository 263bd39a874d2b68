using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;
using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

/// <summary>
/// Parses and checks a header. Every value is checked before it is used, and what is kept is bounded by the header's own length:
/// nothing is allocated on the word of the file.
/// </summary>
internal sealed class SafetensorsHeader
{
    private readonly string path;
    private readonly long dataStart;
    private readonly long dataLength;
    private readonly Dictionary<string, TensorInfo> tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path, long dataStart, long dataLength) =>
        (this.path, this.dataStart, this.dataLength) = (path, dataStart, dataLength);

    public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>In the order of their bytes in the file.</summary>
    public ImmutableArray<TensorInfo> Layout { get; private set; }

    /// <param name="json">The header's bytes, without the 8 of its length.</param>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long fileLength)
    {
        var dataStart = 8L + json.Length;
        var header = new SafetensorsHeader(path, dataStart, fileLength - dataStart);
        if (!Utf8.IsValid(json)) throw header.Fail(SafetensorsFault.HeaderNotUtf8, "the header is not UTF-8 text: the file is damaged.");
        try
        {
            header.ReadRoot(json);
        }
        catch (JsonException e)
        {
            throw header.Fail(SafetensorsFault.HeaderNotJson, "the header is not valid JSON: the file is damaged or no safetensors file.", inner: e);
        }
        header.CheckLayout();
        return header;
    }

    private void ReadRoot(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Fail(SafetensorsFault.HeaderNotJson, "the header is no JSON object: the file is damaged or no safetensors file.");
        var hasMetadata = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Text(ref reader, SafetensorsFault.InvalidName, null);
            reader.Read();
            if (name == "__metadata__")
            {
                if (hasMetadata) throw Fail(SafetensorsFault.DuplicateName, "'__metadata__' occurs twice in the header.");
                hasMetadata = true;
                ReadMetadata(ref reader);
                continue;
            }
            if (tensors.Count == SafetensorsLimits.MaxTensors)
                throw Fail(SafetensorsFault.TooManyTensors, $"the header lists more than {SafetensorsLimits.MaxTensors:N0} tensors.");
            if (NameProblem(name) is { } problem) throw Fail(SafetensorsFault.InvalidName, problem, name);
            if (!tensors.TryAdd(name, ReadEntry(ref reader, name))) throw Fail(SafetensorsFault.DuplicateName, "occurs twice in the header.", name);
        }
        // Only padding may follow the object: the reader throws on anything else.
        reader.Read();
    }

    /// <summary>Why a tensor may not be called this; null when it may.</summary>
    public static string? NameProblem(string name) =>
        name.Length == 0 ? "the name is empty."
        : name == "__metadata__" ? "the name is reserved for the metadata."
        : name.Length > SafetensorsLimits.MaxNameLength ? $"the name has {name.Length} characters, more than {SafetensorsLimits.MaxNameLength}."
        : name.Any(char.IsControl) ? "the name has control characters."
        : null;

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        const string Problem = "'__metadata__' is not a map from string to string.";
        if (reader.TokenType != JsonTokenType.StartObject) throw Fail(SafetensorsFault.InvalidMetadata, Problem);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text(ref reader, SafetensorsFault.InvalidMetadata, null);
            if (!reader.Read() || reader.TokenType != JsonTokenType.String) throw Fail(SafetensorsFault.InvalidMetadata, Problem);
            if (!metadata.TryAdd(key, Text(ref reader, SafetensorsFault.InvalidMetadata, null)))
                throw Fail(SafetensorsFault.DuplicateName, $"the key '{key}' occurs twice in '__metadata__'.");
        }
    }

    private TensorInfo ReadEntry(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Fail(SafetensorsFault.InvalidEntry, "its entry is no JSON object.", name);
        string? dtype = null;
        ImmutableArray<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text(ref reader, SafetensorsFault.InvalidEntry, name);
            reader.Read();
            var isNew = key switch
            {
                "dtype" => Set(ref dtype, ReadDtype(ref reader, name)),
                "shape" => Set(ref shape, ReadIntegers(ref reader, name, SafetensorsLimits.MaxRank, SafetensorsFault.InvalidShape, "shape")),
                "data_offsets" => Set(ref offsets, ReadIntegers(ref reader, name, 2, SafetensorsFault.InvalidOffsets, "data_offsets")),
                _ => throw Fail(SafetensorsFault.InvalidEntry, "its entry has a key other than dtype, shape and data_offsets.", name),
            };
            if (!isNew) throw Fail(SafetensorsFault.InvalidEntry, $"its entry has '{key}' twice.", name);
        }
        if (dtype is null || shape is null || offsets is null)
            throw Fail(SafetensorsFault.InvalidEntry, "its entry needs dtype, shape and data_offsets.", name);
        return Check(name, dtype, shape.Value, offsets.Value);

        static bool Set<T>(ref T slot, T value)
        {
            var isNew = slot is null;
            slot = value;
            return isNew;
        }
    }

    private string ReadDtype(ref Utf8JsonReader reader, string name) =>
        reader.TokenType == JsonTokenType.String
            ? Text(ref reader, SafetensorsFault.InvalidEntry, name)
            : throw Fail(SafetensorsFault.InvalidEntry, "its dtype is no string.", name);

    private ImmutableArray<long> ReadIntegers(ref Utf8JsonReader reader, string name, int atMost, SafetensorsFault fault, string key)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Fail(SafetensorsFault.InvalidEntry, $"its {key} is no list.", name);
        var numbers = ImmutableArray.CreateBuilder<long>(2);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw Fail(fault, $"its {key} holds something else than integers from 0 to 2^63 - 1.", name);
            if (numbers.Count == atMost) throw Fail(fault, $"its {key} has more than {atMost} numbers.", name);
            numbers.Add(number);
        }
        return numbers.ToImmutable();
    }

    private TensorInfo Check(string name, string dtype, ImmutableArray<long> shape, ImmutableArray<long> offsets)
    {
        if (!SafetensorsDtype.TryParse(dtype, out var type, out var size))
            throw SafetensorsDtype.IsUnsupported(dtype)
                ? Fail(SafetensorsFault.UnsupportedDtype, $"dtype {dtype} is not supported: convert it to one of {SafetensorsDtype.SupportedNames}.", name)
                : Fail(SafetensorsFault.UnknownDtype, $"its dtype is none of the format's: expected one of {SafetensorsDtype.SupportedNames}.", name);
        long length;
        try
        {
            // Strides are products that skip zeros, so they must not overflow either, even where the length is 0.
            var span = shape.Aggregate((long)size, (product, d) => checked(product * Math.Max(d, 1)));
            length = shape.Contains(0) ? 0 : span;
        }
        catch (OverflowException e)
        {
            throw Fail(SafetensorsFault.ShapeOverflow, $"its shape [{string.Join(", ", shape)}] needs more than 2^63 bytes.", name, e);
        }
        if (offsets.Length != 2) throw Fail(SafetensorsFault.InvalidOffsets, "its data_offsets are not two numbers.", name);
        var (begin, end) = (offsets[0], offsets[1]);
        if (end < begin) throw Fail(SafetensorsFault.InvalidOffsets, $"its data ends ({end}) before it begins ({begin}).", name);
        if (end > dataLength)
            throw Fail(SafetensorsFault.OffsetsBeyondFile,
                $"its data ends at byte {end:N0} of {dataLength:N0}: the file is truncated, download or write it again.", name);
        if (end - begin != length)
            throw Fail(SafetensorsFault.LengthMismatch,
                $"it has {end - begin:N0} bytes, but {dtype} [{string.Join(", ", shape)}] needs {length:N0}.", name);
        return new TensorInfo(name, type, shape, dataStart + begin, length);
    }

    private void CheckLayout()
    {
        Layout = [.. tensors.Values.OrderBy(t => t.Offset).ThenBy(t => t.ByteLength).ThenBy(t => t.Name, StringComparer.Ordinal)];
        var position = dataStart;
        foreach (var tensor in Layout)
        {
            if (tensor.Offset < position) throw Fail(SafetensorsFault.Overlap, "its data overlaps the tensor before it.", tensor.Name);
            if (tensor.Offset > position)
                throw Fail(SafetensorsFault.Gap, $"{tensor.Offset - position:N0} bytes before its data belong to no tensor.", tensor.Name);
            position += tensor.ByteLength;
        }
        if (position != dataStart + dataLength)
            throw Fail(SafetensorsFault.TrailingBytes, $"{dataStart + dataLength - position:N0} bytes after the last tensor belong to none.");
    }

    // GetString throws on escapes that are no characters (lone surrogates); the bytes themselves are known to be UTF-8.
    private string Text(ref Utf8JsonReader reader, SafetensorsFault fault, string? tensor)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Fail(fault, "a string of the header holds half a surrogate pair.", tensor, e);
        }
    }

    private SafetensorsException Fail(SafetensorsFault fault, string problem, string? tensor = null, Exception? inner = null) =>
        new(fault, path, problem, tensor, inner);
}
