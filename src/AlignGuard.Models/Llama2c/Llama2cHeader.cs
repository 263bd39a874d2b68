using System.Buffers.Binary;

namespace AlignGuard.Models.Llama2c;

/// <summary>
/// The seven 32-bit integers at the beginning of a checkpoint of llama2.c (version 0). A negative vocabulary says that the head has weights of its own behind all others.
/// </summary>
/// <param name="Hidden">Width of the stream (<c>dim</c>).</param>
/// <param name="Intermediate">Width of the feed-forward part (<c>hidden_dim</c>).</param>
/// <param name="Positions"><c>seq_len</c>.</param>
internal sealed record Llama2cHeader(int Hidden, int Intermediate, int Layers, int Heads, int KvHeads, int Vocabulary, int Positions, bool TiedHead)
{
    public const int Bytes = 28;

    /// <summary>Of any size in the header: beyond every model, and low enough that no product overflows.</summary>
    public const int MaxSize = 1 << 24;

    // "ak42", with which later versions begin.
    private const int Magic = 0x616b3432;

    public int HeadDim => Hidden / Heads;

    /// <param name="length">Of the whole file, which the sizes must add up to.</param>
    /// <exception cref="Llama2cException">Anything that the sizes cannot be, or that the file's length denies.</exception>
    public static Llama2cHeader Read(FileStream file, long length)
    {
        if (length < Bytes) throw Fault(Llama2cFault.TooShort, $"has {length} bytes, fewer than the {Bytes} of a header: it is no checkpoint of llama2.c, or was cut.");
        Span<byte> bytes = stackalloc byte[Bytes];
        Llama2cFile.Fill(file, bytes);
        var sizes = new int[Bytes / 4];
        for (var i = 0; i < sizes.Length; i++) sizes[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
        if (sizes[0] == Magic) throw Fault(Llama2cFault.OtherVersion, $"is a checkpoint of version {sizes[1]}; version 0 is read here. Export it again with `export.py --version 0`.");

        var tied = sizes[5] > 0;
        if (!tied && sizes[5] != int.MinValue) sizes[5] = -sizes[5];
        string[] names = ["dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len"];
        if (names.Zip(sizes).FirstOrDefault(s => s.Second is < 1 or > MaxSize) is { First: { } name, Second: var size })
            throw Fault(Llama2cFault.InvalidSize, $"{name} is {size}; a size between 1 and {MaxSize:N0} is expected: it is no checkpoint of llama2.c, or damaged.");
        var header = new Llama2cHeader(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], tied);
        if (header.Hidden % header.Heads != 0 || header.Heads % header.KvHeads != 0 || header.HeadDim % 2 != 0)
            throw Fault(Llama2cFault.InvalidHeads, $"dim {header.Hidden}, n_heads {header.Heads} and n_kv_heads {header.KvHeads} do not divide into heads of an even width.");
        var wanted = Bytes + 4 * header.Floats;
        if (length < wanted) throw Fault(Llama2cFault.Truncated, $"has {length:N0} bytes, but its sizes need {wanted:N0}: download it again.");
        if (length > wanted) throw Fault(Llama2cFault.TrailingBytes, $"has {length:N0} bytes, but its sizes need {wanted:N0}: it is no float32 checkpoint of version 0, or damaged.");
        return header;

        Llama2cException Fault(Llama2cFault fault, string problem) => new(fault, file.Name, problem);
    }

    /// <summary>Numbers in the file, the rotation's tables included, which nothing reads.</summary>
    private Int128 Floats
    {
        get
        {
            Int128 hidden = Hidden, kv = KvHeads * (Int128)HeadDim, matrices = hidden * hidden * 2 + hidden * kv * 2 + hidden * Intermediate * 3;
            return Vocabulary * hidden * (TiedHead ? 1 : 2) + Layers * (2 * hidden + matrices) + hidden + (Int128)Positions * HeadDim;
        }
    }
}
