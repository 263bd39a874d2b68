using System.Buffers;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>
/// The fields of a structure of parquet.thrift that are needed, and their types. A reader that takes a field for what it should be, whatever the file says that it is, loses its way in bytes that nothing has checked: so it is
/// given a copy of what fits.
/// </summary>
internal sealed class CompactShape(params (int Id, CompactShape.Kind Kind)[] fields)
{
    private readonly Dictionary<int, Kind> known = fields.ToDictionary(f => f.Id, f => f.Kind);

    /// <param name="Type">Of the field; of a list, that of its elements.</param>
    /// <param name="Shape">Of a structure, or of a list's.</param>
    public readonly record struct Kind(CompactType Type, bool List = false, CompactShape? Shape = null)
    {
        public static implicit operator Kind(CompactType type) => new(type);

        public static implicit operator Kind(CompactShape shape) => new(CompactType.Struct, false, shape);
    }

    /// <summary>Copies a structure, its stop included, without what is not known of it.</summary>
    /// <param name="strict">Whether a field that is not known, or of another type, is refused, as far as passing over it takes more than its bytes.</param>
    public void Copy(ref CompactReader reader, IBufferWriter<byte> copy, bool strict = false, int depth = 0)
    {
        reader.Part();
        var last = 0;
        for (var id = 0; reader.NextField(ref id) is var type and not CompactType.Stop;)
        {
            if (!known.TryGetValue(id, out var kind) || !Fits(kind, type))
            {
                if (strict && (known.ContainsKey(id) || type >= CompactType.List)) throw new UnreadableException("has a page header that is not understood: it is damaged, or of a later version of Parquet. Write it with an earlier one.");
                reader.Skip(type, depth + 1);
                continue;
            }
            if (id - last is > 0 and < 16 and var delta) Byte(copy, (delta << 4) | (int)type);
            else
            {
                Byte(copy, (int)type);
                Varint(copy, (ulong)id << 1);
            }
            last = id;
            if (kind.List) CopyList(ref reader, copy, kind, strict, depth);
            else CopyValue(ref reader, copy, kind with { Type = type }, strict, depth);
        }
        Byte(copy, 0);
    }

    private static bool Fits(Kind kind, CompactType type) =>
        kind.List ? type == CompactType.List : kind.Type == type || kind.Type == CompactType.True && type == CompactType.False;

    private static void CopyList(ref CompactReader reader, IBufferWriter<byte> copy, Kind kind, bool strict, int depth)
    {
        var (type, count) = reader.ListHeader();
        if (type != kind.Type) throw CompactReader.Lies();
        Byte(copy, 0xF0 | (int)type);
        Varint(copy, (ulong)count);
        for (; count > 0; count--) CopyValue(ref reader, copy, kind, strict, depth);
    }

    private static void CopyValue(ref CompactReader reader, IBufferWriter<byte> copy, Kind kind, bool strict, int depth)
    {
        switch (kind.Type)
        {
            case CompactType.Struct:
                kind.Shape!.Copy(ref reader, copy, strict, depth + 1);
                break;
            case CompactType.Binary:
                var bytes = reader.Binary();
                Varint(copy, (ulong)bytes.Length);
                copy.Write(bytes);
                break;
            case CompactType.I32 or CompactType.I64:
                var value = reader.Integer();
                if (kind.Type == CompactType.I32 && value is < int.MinValue or > int.MaxValue) throw CompactReader.Lies();
                Varint(copy, (ulong)((value << 1) ^ (value >> 63)));
                break;
            case CompactType.Byte:
                Byte(copy, reader.Byte());
                break;
        }
    }

    private static void Varint(IBufferWriter<byte> copy, ulong value)
    {
        for (; value > 127; value >>= 7) Byte(copy, (int)(value & 127) | 128);
        Byte(copy, (int)value);
    }

    private static void Byte(IBufferWriter<byte> copy, int value)
    {
        copy.GetSpan(1)[0] = (byte)value;
        copy.Advance(1);
    }
}
