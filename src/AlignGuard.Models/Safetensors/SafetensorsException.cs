namespace AlignGuard.Models.Safetensors;

/// <summary>What is wrong with a safetensors file: one value for each check of the reader.</summary>
public enum SafetensorsFault
{
    /// <summary>No such file.</summary>
    FileMissing,
    /// <summary>The path is a folder.</summary>
    NotAFile,
    /// <summary>The operating system refuses to read it.</summary>
    Unreadable,
    /// <summary>Fewer than the 8 bytes of the header's length.</summary>
    TooShort,
    /// <summary>The header's length is above <see cref="SafetensorsLimits.MaxHeaderBytes"/> (a negative length reads as a huge one).</summary>
    HeaderTooLarge,
    /// <summary>The header ends beyond the end of the file.</summary>
    HeaderBeyondFile,
    /// <summary>The header is not UTF-8.</summary>
    HeaderNotUtf8,
    /// <summary>The header is not one JSON object.</summary>
    HeaderNotJson,
    /// <summary>More tensors than <see cref="SafetensorsLimits.MaxTensors"/>.</summary>
    TooManyTensors,
    /// <summary>A tensor name (or a key of the metadata) occurs twice.</summary>
    DuplicateName,
    /// <summary>A tensor name is empty, too long, or has control characters or broken surrogates.</summary>
    InvalidName,
    /// <summary>A tensor's entry lacks a key, has one twice or an unknown one, or a value of the wrong kind.</summary>
    InvalidEntry,
    /// <summary><c>__metadata__</c> is not a map from string to string.</summary>
    InvalidMetadata,
    /// <summary>A dtype that the format does not know.</summary>
    UnknownDtype,
    /// <summary>A dtype of the format that this reader does not load.</summary>
    UnsupportedDtype,
    /// <summary>A dimension is not an integer ≥ 0, or there are too many of them.</summary>
    InvalidShape,
    /// <summary>The number of bytes that the shape needs exceeds 63 bits.</summary>
    ShapeOverflow,
    /// <summary>Offsets are not two integers with 0 ≤ begin ≤ end.</summary>
    InvalidOffsets,
    /// <summary>A tensor ends beyond the end of the file.</summary>
    OffsetsBeyondFile,
    /// <summary>end − begin is not shape × size of the dtype.</summary>
    LengthMismatch,
    /// <summary>Two tensors share bytes.</summary>
    Overlap,
    /// <summary>Bytes between two tensors (or before the first) belong to none.</summary>
    Gap,
    /// <summary>Bytes after the last tensor.</summary>
    TrailingBytes,
    /// <summary>The file became shorter while it was open.</summary>
    TruncatedPayload,
    /// <summary>A BOOL tensor holds a byte that is neither 0 nor 1.</summary>
    InvalidBool,
    /// <summary>A weight is NaN or infinite (only when asked for).</summary>
    NonFinite,
    /// <summary>The file has no tensor of that name.</summary>
    TensorMissing,
}

/// <summary>A safetensors file that can not be used.</summary>
public sealed class SafetensorsException(SafetensorsFault fault, string path, string problem, string? tensor = null, Exception? inner = null)
    : ModelFormatException(tensor is null ? $"{path}: {problem}" : $"{path}: tensor '{Printable(tensor)}': {problem}", inner)
{
    public SafetensorsFault Fault { get; } = fault;

    public string Path { get; } = path;

    /// <summary>The tensor in question; null where the fault is the whole file's.</summary>
    public string? Tensor { get; } = tensor;

    // A hostile name must neither flood nor steer a terminal.
    private static string Printable(string name)
    {
        var text = name.Length > 120 ? name[..120] + "…" : name;
        return string.Concat(text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
