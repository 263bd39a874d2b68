using System.Buffers.Binary;
using System.Text;

namespace AlignGuard.Attacks;

/// <summary>A safetensors file built byte by byte, so that it can lie.</summary>
public sealed class AttackFile : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("alignguard-attack-").FullName;

    public AttackFile() => Path = System.IO.Path.Combine(folder, "model.safetensors");

    public string Path { get; }

    public string Folder => folder;

    /// <summary>Header and data, the length before them right unless given.</summary>
    public static byte[] Bytes(ReadOnlySpan<byte> header, int dataBytes = 0, ulong? length = null)
    {
        var bytes = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length ?? (ulong)header.Length);
        header.CopyTo(bytes.AsSpan(8));
        return bytes;
    }

    public static byte[] Bytes(string header, int dataBytes = 0, ulong? length = null) => Bytes(Encoding.UTF8.GetBytes(header), dataBytes, length);

    public static string Entry(string name, string dtype, string shape, string offsets) =>
        $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}";

    public AttackFile With(byte[] bytes)
    {
        File.WriteAllBytes(Path, bytes);
        return this;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
