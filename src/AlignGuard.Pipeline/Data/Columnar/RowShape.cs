using System.Text.Json;
using Parquet.Schema;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>A field of a schema with its leaves: rows are put together from columns by walking it ("Dremel", section 4.3).</summary>
internal abstract record RowShape(string Name)
{
    /// <summary>Leaves in the order of the schema; the first says whether there is something, and how often.</summary>
    public required IReadOnlyList<LeafSlot> Leaves { get; init; }

    /// <summary>Of a field that can be read; null for one that holds other things than texts and numbers, or that is laid out in a way that is not read.</summary>
    /// <param name="isText">Whether a column of bytes holds texts.</param>
    public static RowShape? Of(Field field, int parentDefinition, int parentRepetition, Func<DataField, bool> isText)
    {
        switch (field)
        {
            case DataField data when LeafColumn.Reads(data, isText(data)):
                return new LeafSlot(data) { Leaves = [] };
            case StructField group:
                var parts = group.Fields.Select(f => Of(f, group.MaxDefinitionLevel, group.MaxRepetitionLevel, isText)).ToList();
                return parts.Contains(null) || parts.Count == 0 ? null : new StructShape(group.Name, group.MaxDefinitionLevel, parts!) { Leaves = [.. parts.SelectMany(Slots!)] };
            // A list of the old layout has no level of its own.
            case ListField list when list.MaxRepetitionLevel == parentRepetition + 1:
                if (Of(list.Item, list.MaxDefinitionLevel, list.MaxRepetitionLevel, isText) is not { } item) return null;
                var missing = list.IsNullable ? parentDefinition : -1;
                return new ListShape(list.Name, missing, list.MaxDefinitionLevel, list.MaxRepetitionLevel, item) { Leaves = [.. Slots(item)] };
            default:
                return null;
        }
    }

    /// <summary>The leaves of a shape, a leaf its own.</summary>
    public static IEnumerable<LeafSlot> Slots(RowShape shape) => shape is LeafSlot leaf ? [leaf] : shape.Leaves;

    /// <summary>Writes the field's next value.</summary>
    /// <param name="json">Asked for each value: null once the row is too long.</param>
    /// <param name="problem">Told what is wrong with a value.</param>
    public abstract void Write(Func<Utf8JsonWriter?> json, Action<string> problem);

    /// <summary>Passes over one level of every leaf, where nothing is.</summary>
    protected void SkipAll()
    {
        foreach (var leaf in Leaves) leaf.Column.Write(null);
    }
}

/// <summary>A column; its values are loaded for each row group.</summary>
internal sealed record LeafSlot(DataField Field) : RowShape(Field.Name)
{
    public LeafColumn Column { get; set; } = null!;

    public override void Write(Func<Utf8JsonWriter?> json, Action<string> problem)
    {
        if (Column.Write(json()) is { } wrong) problem(wrong);
    }
}

/// <param name="Defined">The definition level from which the structure is there.</param>
internal sealed record StructShape(string Name, int Defined, IReadOnlyList<RowShape> Fields) : RowShape(Name)
{
    public override void Write(Func<Utf8JsonWriter?> json, Action<string> problem)
    {
        if (Leaves[0].Column.Definition < Defined)
        {
            json()?.WriteNullValue();
            SkipAll();
            return;
        }
        json()?.WriteStartObject();
        foreach (var field in Fields)
        {
            json()?.WritePropertyName(field.Name);
            field.Write(json, problem);
        }
        json()?.WriteEndObject();
    }
}

/// <param name="Missing">The definition level up to which there is no list; −1 when there always is.</param>
/// <param name="Defined">The definition level from which it has an element.</param>
/// <param name="Repetition">The repetition level of an element behind the first.</param>
internal sealed record ListShape(string Name, int Missing, int Defined, int Repetition, RowShape Item) : RowShape(Name)
{
    public override void Write(Func<Utf8JsonWriter?> json, Action<string> problem)
    {
        var definition = Leaves[0].Column.Definition;
        if (definition < Defined)
        {
            if (definition <= Missing) json()?.WriteNullValue();
            else
            {
                json()?.WriteStartArray();
                json()?.WriteEndArray();
            }
            SkipAll();
            return;
        }
        json()?.WriteStartArray();
        do
        {
            Item.Write(json, problem);
            var next = Leaves[0].Column.Repetition;
            // All columns of an element end with it.
            if (Leaves.Any(l => l.Column.Repetition != next)) throw LeafColumn.Disagree();
            if (next < Repetition) break;
        }
        while (true);
        json()?.WriteEndArray();
    }
}
