using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

public sealed partial class SafetensorsFile
{
    /// <summary>
    /// Writes the tensors so that the file appears whole or not at all. The same tensors and metadata give the same bytes, whatever
    /// their order: the layout is the reference writer's (wide dtypes first, then by name).
    /// </summary>
    /// <exception cref="ArgumentException">A name twice or not allowed, a dtype that the format lacks.</exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var layout = Arrange(tensors);
        AtomicFile.Write(path, stream => Write(stream, layout, metadata));
    }

    /// <summary>As <see cref="Save"/>, to a stream, from its current position.</summary>
    public static void SaveTo(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(stream, Arrange(tensors), metadata);

    private static List<KeyValuePair<string, Tensor>> Arrange(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var layout = tensors.ToList();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, tensor) in layout)
        {
            if (SafetensorsHeader.NameProblem(name) is { } problem) throw new ArgumentException($"Tensor '{name}': {problem}", nameof(tensors));
            if (!seen.Add(name)) throw new ArgumentException($"Two tensors are called '{name}'.", nameof(tensors));
            if (SafetensorsDtype.Rank(tensor.dtype) < 0)
                throw new ArgumentException($"Tensor '{name}' is {tensor.dtype}; safetensors can hold {SafetensorsDtype.SupportedNames}.", nameof(tensors));
        }
        if (layout.Count > SafetensorsLimits.MaxTensors)
            throw new ArgumentException($"{layout.Count:N0} tensors are more than the {SafetensorsLimits.MaxTensors:N0} a file may have.", nameof(tensors));
        layout.Sort((a, b) =>
        {
            var byType = SafetensorsDtype.Rank(a.Value.dtype).CompareTo(SafetensorsDtype.Rank(b.Value.dtype));
            return byType != 0 ? byType : string.CompareOrdinal(a.Key, b.Key);
        });
        return layout;
    }

    private static void Write(Stream stream, List<KeyValuePair<string, Tensor>> layout, IReadOnlyDictionary<string, string>? metadata)
    {
        stream.Write(HeaderBytes(layout, metadata));
        foreach (var (_, tensor) in layout)
        {
            using var detached = tensor.detach();
            using var local = detached.cpu();
            using var dense = local.contiguous();
            TensorBytes.ForEachChunk(dense, (bytes, _) => stream.Write(bytes));
        }
    }

    private static byte[] HeaderBytes(List<KeyValuePair<string, Tensor>> layout, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            var offset = 0L;
            foreach (var (name, tensor) in layout)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsDtype.Name(tensor.dtype));
                json.WriteStartArray("shape");
                foreach (var d in tensor.shape) json.WriteNumberValue(d);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.NumberOfElements * tensor.ElementSize);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Data begins at a multiple of 8, so that a mapped file is aligned for every dtype.
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        if (buffer.Length - 8 > SafetensorsLimits.MaxHeaderBytes)
            throw new ArgumentException($"Names and metadata make a header of {buffer.Length:N0} bytes, more than {SafetensorsLimits.MaxHeaderBytes:N0}.");
        var bytes = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - 8));
        return bytes;
    }
}
