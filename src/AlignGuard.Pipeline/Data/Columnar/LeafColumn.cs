using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Parquet;
using Parquet.Schema;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>
/// The values of a column in one row group, with the levels that say where they belong (Melnik et al., "Dremel", 2010): a value's repetition level is the depth of the list it continues, 0 for a new row; its definition
/// level is how much of its path is there.
/// </summary>
internal abstract class LeafColumn(DataField column)
{
    /// <summary>Value types that have a spelling in JSON; texts are bytes, so that what is no UTF-8 is seen.</summary>
    public static bool Reads(DataField field, bool text) => !field.IsArray && (text || Type.GetTypeCode(field.ClrType) is TypeCode.Boolean or (>= TypeCode.SByte and <= TypeCode.Double));

    private int[] repetition = [], definition = [];
    private int value;

    public DataField Field => column;

    /// <summary>Levels in the row group.</summary>
    public int Count { get; private set; }

    /// <summary>The level to be read next.</summary>
    public int At { get; private set; }

    public bool AtEnd => At >= Count;

    /// <summary>Of the next value; 0 at the end, where a row ends too.</summary>
    public int Repetition => AtEnd || column.MaxRepetitionLevel == 0 ? 0 : repetition[At];

    public int Definition => AtEnd ? throw Disagree() : column.MaxDefinitionLevel == 0 ? 0 : definition[At];

    public static LeafColumn Load(DataField field, ParquetRowGroupReader group, int count) => Type.GetTypeCode(field.ClrType) switch
    {
        TypeCode.Boolean => Load(new Leaf<bool>(field, true, static (json, v) => json.WriteBooleanValue(v)), group, count),
        TypeCode.SByte => Load(new Leaf<sbyte>(field, 77, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.Byte => Load(new Leaf<byte>(field, 177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.Int16 => Load(new Leaf<short>(field, -7_177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.UInt16 => Load(new Leaf<ushort>(field, 57_177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.Int32 => Load(new Leaf<int>(field, -1_234_567_177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.UInt32 => Load(new Leaf<uint>(field, 3_234_567_177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.Int64 => Load(new Leaf<long>(field, -1_234_567_890_177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.UInt64 => Load(new Leaf<ulong>(field, 1_234_567_890_177, static (json, v) => json.WriteNumberValue(v)), group, count),
        TypeCode.Single => Load(new Leaf<float>(field, -1.77e7f, static (json, v) => Number(json, v)), group, count),
        TypeCode.Double => Load(new Leaf<double>(field, -1.77e77, static (json, v) => Number(json, v)), group, count),
        _ => Load(new Leaf<ReadOnlyMemory<byte>>(field, new byte[1], static (json, v) => json.WriteStringValue(v.Span)), group, count),
    };

    public static UnreadableException Disagree() => new("is not a sound Parquet file: its columns disagree about where a row or a list ends. Fetch it again, or write it anew.");

    /// <summary>Writes the next value, or null where there is none, and goes on; <paramref name="json"/> null passes over it.</summary>
    /// <returns>What is wrong with it.</returns>
    public string? Write(Utf8JsonWriter? json)
    {
        var defined = Definition == column.MaxDefinitionLevel;
        At++;
        if (defined) return WriteValue(json, value++);
        json?.WriteNullValue();
        return null;
    }

    protected abstract string? WriteValue(Utf8JsonWriter? json, int index);

    protected abstract void Read(ParquetRowGroupReader group, Memory<int>? definition, Memory<int>? repetition);

    private static LeafColumn Load(LeafColumn leaf, ParquetRowGroupReader group, int count)
    {
        leaf.Count = count;
        if (leaf.Field.MaxDefinitionLevel > 0) leaf.definition = new int[count];
        if (leaf.Field.MaxRepetitionLevel > 0) leaf.repetition = new int[count];
        if (count > 0) leaf.Read(group, Levels(leaf.definition), Levels(leaf.repetition));
        // Levels are packed in bits, which can hold more than there is.
        if (leaf.definition.Any(d => d < 0 || d > leaf.Field.MaxDefinitionLevel) || leaf.repetition.Any(r => r < 0 || r > leaf.Field.MaxRepetitionLevel)) throw Disagree();
        return leaf;
    }

    // Null where the column has none: a plain null would become an empty buffer.
    private static Memory<int>? Levels(int[] levels) => levels.Length > 0 ? levels.AsMemory() : (Memory<int>?)null;

    // JSON has no NaN and no infinity.
    private static void Number(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    /// <param name="unread">What no value is, or seldom: where it stays, a page held fewer values than its levels say.</param>
    private sealed class Leaf<T>(DataField field, T unread, Action<Utf8JsonWriter, T> write) : LeafColumn(field) where T : struct
    {
        private T[] values = [];

        protected override void Read(ParquetRowGroupReader group, Memory<int>? definition, Memory<int>? repetition)
        {
            values = Read(unread);
            var defined = definition is { } levels ? levels.Span.Count(Field.MaxDefinitionLevel) : Count;
            var doubtful = values.AsSpan(..defined).IndexOf(unread);
            // A number may be that very value: then it is so again, over another one.
            if (doubtful >= 0 && (unread is ReadOnlyMemory<byte> || !values.AsSpan(..defined).SequenceEqual(Read(default).AsSpan(..defined)))) throw Disagree();

            T[] Read(T before)
            {
                var read = new T[Count];
                Array.Fill(read, before);
                group.ReadRawAsync(Field, read.AsMemory(), definition, repetition).AsTask().GetAwaiter().GetResult();
                return read;
            }
        }

        protected override string? WriteValue(Utf8JsonWriter? json, int index)
        {
            var value = values[index];
            if (value is ReadOnlyMemory<byte> text && !Utf8.IsValid(text.Span))
            {
                json?.WriteNullValue();
                return $"column {RowProblems.Quote(Field.Path.ToString())}: not UTF-8 text: write it as UTF-8.";
            }
            if (json is not null) write(json, value);
            return null;
        }
    }
}
