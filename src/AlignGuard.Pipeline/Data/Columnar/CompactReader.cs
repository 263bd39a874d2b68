namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>Types of Thrift's compact protocol (thrift-compact-protocol.md of Apache Thrift), as far as a reader tells them apart.</summary>
internal enum CompactType
{
    Stop = 0,
    True = 1,
    False = 2,
    Byte = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Map = 11,
    Struct = 12,
}

/// <summary>
/// Reads what Parquet keeps about its data, which is Thrift's compact protocol, without believing a length or following a nesting that the bytes can not hold. It builds nothing: what it has passed is safe to be read again
/// by a reader that builds objects.
/// </summary>
internal ref struct CompactReader(ReadOnlySpan<byte> bytes, int mostParts)
{
    // The deepest of Parquet's own structures nests six deep.
    private const int MostDepth = 24;

    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int parts = mostParts;

    /// <summary>Bytes read.</summary>
    public int Position { get; private set; }

    /// <summary>The next field of a structure; <see cref="CompactType.Stop"/> behind its last.</summary>
    /// <param name="id">Of the field before, 0 at first; of this one on return.</param>
    public CompactType NextField(ref int id)
    {
        var header = Byte();
        var type = Type(header & 15);
        if (type == CompactType.Stop) return type;
        var next = header >> 4 is var delta and not 0 ? id + delta : Integer();
        id = next is > 0 and <= short.MaxValue ? (int)next : throw Lies();
        return type;
    }

    /// <summary>Zigzag: an i16, i32 or i64.</summary>
    public long Integer()
    {
        var raw = Varint();
        return (long)(raw >> 1) ^ -(long)(raw & 1);
    }

    /// <summary>A list's or set's element type and its number of elements, each of which takes a byte at least.</summary>
    public (CompactType Type, int Count) ListHeader()
    {
        var header = Byte();
        var count = header >> 4 is var few and < 15 ? few : Checked(Varint());
        return (Type(header & 15), Count(count));
    }

    public ReadOnlySpan<byte> Binary()
    {
        var length = Checked(Varint());
        if (length > bytes.Length - Position) throw Lies();
        Position += length;
        return bytes.Slice(Position - length, length);
    }

    /// <summary>Passes over a value, whatever it holds.</summary>
    public void Skip(CompactType type, int depth = 0)
    {
        if (depth > MostDepth) throw new UnreadableException($"its footer or a page header is nested more than {MostDepth} deep: it is damaged or made to break its reader.");
        switch (type)
        {
            case CompactType.True or CompactType.False: break;
            case CompactType.Byte: Byte(); break;
            case CompactType.I16 or CompactType.I32 or CompactType.I64: Varint(); break;
            case CompactType.Double: Skip(8); break;
            case CompactType.Binary: Binary(); break;
            case CompactType.List or CompactType.Set:
                var (element, count) = ListHeader();
                for (; count > 0; count--) SkipElement(element, depth + 1);
                break;
            case CompactType.Map:
                count = Count(Checked(Varint()));
                var kinds = count > 0 ? Byte() : 0;
                for (; count > 0; count--)
                {
                    SkipElement(Type(kinds >> 4), depth + 1);
                    SkipElement(Type(kinds & 15), depth + 1);
                }
                break;
            case CompactType.Struct:
                Part();
                for (var id = 0; NextField(ref id) is var field and not CompactType.Stop;) Skip(field, depth + 1);
                break;
            default: throw Lies();
        }
    }

    /// <summary>Counts a structure that the caller reads field by field.</summary>
    public void Part()
    {
        if (parts-- == 0) throw new UnreadableException("its footer has more parts than any table of texts: write it with larger row groups or fewer columns.");
    }

    private void SkipElement(CompactType type, int depth)
    {
        // In a list a truth value takes a byte; in a field its type says it.
        if (type is CompactType.True or CompactType.False) Byte();
        else Skip(type, depth);
    }

    private ulong Varint()
    {
        var value = 0ul;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
        throw Lies();
    }

    public int Byte() => Position < bytes.Length ? bytes[Position++] : throw Lies();

    public static UnreadableException Lies() => new("is not a sound Parquet file: its footer or a page header is damaged. Fetch it again, or write it anew.");

    private void Skip(int count)
    {
        if (count > bytes.Length - Position) throw Lies();
        Position += count;
    }

    private readonly int Count(int count) => count <= bytes.Length - Position ? count : throw Lies();

    private static int Checked(ulong value) => value <= int.MaxValue ? (int)value : throw Lies();

    private static CompactType Type(int type) => type <= 12 ? (CompactType)type : throw Lies();
}
