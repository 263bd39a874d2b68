using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

/// <summary>The dtypes of the format that map to a torch dtype of the same bits.</summary>
internal static class SafetensorsDtype
{
    // In the order in which the reference writer lays tensors out (its enum, descending: wide types first, so that all are aligned).
    private static readonly (string Name, ScalarType Type, int Size)[] Supported =
    [
        ("I64", ScalarType.Int64, 8),
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("I32", ScalarType.Int32, 4),
        ("BF16", ScalarType.BFloat16, 2),
        ("F16", ScalarType.Float16, 2),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>Valid in the format, not loaded here.</summary>
    private static readonly HashSet<string> Unsupported =
        ["U16", "U32", "U64", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F6_E2M3", "F6_E3M2", "F4", "C64"];

    public static string SupportedNames { get; } = string.Join(", ", Supported.Select(s => s.Name));

    public static bool TryParse(string name, out ScalarType type, out int size)
    {
        foreach (var (known, t, s) in Supported)
            if (known == name)
            {
                (type, size) = (t, s);
                return true;
            }
        (type, size) = (default, 0);
        return false;
    }

    public static bool IsUnsupported(string name) => Unsupported.Contains(name);

    /// <summary>Position in the file's layout; −1 for a dtype that can not be written.</summary>
    public static int Rank(ScalarType type) => Array.FindIndex(Supported, s => s.Type == type);

    public static string Name(ScalarType type) => Supported[Rank(type)].Name;
}
