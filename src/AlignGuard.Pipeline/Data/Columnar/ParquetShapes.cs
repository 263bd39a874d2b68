using static AlignGuard.Pipeline.Data.Columnar.CompactType;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>Structures of parquet.thrift (apache/parquet-format) by the numbers of their fields: of a footer what reading needs, of a page header all that there is.</summary>
internal static class ParquetShapes
{
    private static readonly CompactShape Empty = new();

    // version, schema, num_rows, row_groups
    public static readonly CompactShape Footer = new((1, I32), (2, new(Struct, true, Element())), (3, I64), (4, new(Struct, true, RowGroup())));

    // type, uncompressed_page_size, compressed_page_size, crc, data_page_header, index_page_header, dictionary_page_header, data_page_header_v2
    public static readonly CompactShape PageHeader = new((1, I32), (2, I32), (3, I32), (4, I32), (5, DataPage()), (6, Empty), (7, DictionaryPage()), (8, DataPageV2()));

    // type, type_length, repetition_type, name, num_children, converted_type, scale, precision, field_id, logicalType
    private static CompactShape Element() => new((1, I32), (2, I32), (3, I32), (4, Binary), (5, I32), (6, I32), (7, I32), (8, I32), (9, I32), (10, LogicalType()));

    // STRING, MAP, LIST, ENUM, DECIMAL, DATE, TIME, TIMESTAMP, INTEGER, UNKNOWN, JSON, BSON, UUID, FLOAT16
    private static CompactShape LogicalType() => new((1, Empty), (2, Empty), (3, Empty), (4, Empty), (5, new CompactShape((1, I32), (2, I32))), (6, Empty), (7, Time()), (8, Time()),
        (10, new CompactShape((1, CompactType.Byte), (2, True))), (11, Empty), (12, Empty), (13, Empty), (14, Empty), (15, Empty));

    // isAdjustedToUTC, unit
    private static CompactShape Time() => new((1, True), (2, new CompactShape((1, Empty), (2, Empty), (3, Empty))));

    // columns, total_byte_size, num_rows
    private static CompactShape RowGroup() => new((1, new(Struct, true, Chunk())), (2, I64), (3, I64));

    // file_path, file_offset, meta_data
    private static CompactShape Chunk() => new((1, Binary), (2, I64), (3, ColumnMetaData()));

    // type, encodings, path_in_schema, codec, num_values, the two sizes, data_page_offset, index_page_offset, dictionary_page_offset. Statistics are left out: nothing here asks for them.
    private static CompactShape ColumnMetaData() => new((1, I32), (2, new(I32, true)), (3, new(Binary, true)), (4, I32), (5, I64), (6, I64), (7, I64), (9, I64), (10, I64), (11, I64));

    // num_values, encoding, definition_level_encoding, repetition_level_encoding, statistics
    private static CompactShape DataPage() => new((1, I32), (2, I32), (3, I32), (4, I32), (5, Statistics()));

    // num_values, encoding, is_sorted
    private static CompactShape DictionaryPage() => new((1, I32), (2, I32), (3, True));

    // num_values, num_nulls, num_rows, encoding, the two lengths of levels, is_compressed, statistics
    private static CompactShape DataPageV2() => new((1, I32), (2, I32), (3, I32), (4, I32), (5, I32), (6, I32), (7, True), (8, Statistics()));

    // max, min, null_count, distinct_count, max_value, min_value, is_max_value_exact, is_min_value_exact
    private static CompactShape Statistics() => new((1, Binary), (2, Binary), (3, I64), (4, I64), (5, Binary), (6, Binary), (7, True), (8, True));
}
