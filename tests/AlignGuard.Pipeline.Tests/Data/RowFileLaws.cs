using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Data;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

public static class RowGenerators
{
    // Brackets, quotes and commas in texts are what a reader that cuts a list into rows can trip over.
    private static readonly Gen<string> Text =
        from pieces in Gen.Elements("a", " ", "\n", "\"", "\\", "\\\"", "[", "]", "{", "}", ",", "],[", "你", "😀", "\u2028", "<|im_end|>").ArrayOf()
        select "x" + string.Concat(pieces);

    public static Arbitrary<ChatMessage[]> Conversation() => (
        from system in Gen.Elements(true, false)
        from texts in Text.ArrayOf()
        from start in Text
        from end in Text
        let spoken = texts.Take(texts.Length / 2 * 2).Append(start).Append(end).Select((t, i) => i % 2 == 0 ? ChatMessage.User(t) : ChatMessage.Assistant(t))
        select (ChatMessage[])[.. system ? spoken.Prepend(ChatMessage.System(start)) : spoken]).ToArbitrary();

    /// <summary>Good and bad rows; few enough that all that is wrong is listed.</summary>
    public static Arbitrary<MixedRow[]> Mixed() => (
        from count in Gen.Choose(1, 20)
        from rows in Gen.OneOf(Conversation().Generator.Select(r => new MixedRow(RowFileLaws.Json(r), false)), Gen.Elements(Bad).Select(b => new MixedRow(b, true))).ArrayOf(count)
        select rows).ToArbitrary();

    private static readonly string[] Bad =
    [
        "7", "null", "{}", "[]", "{\"messages\":[{}]}", "{\"a\":,}", "x", "{]", "}", "{\"messages\":[]}", "{\"prompt\":\"a\"}",
        """{"messages":[{"role":"user","content":"a"}]}""", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"\u0007"}]}""",
    ];
}

public sealed record MixedRow(string Json, bool Bad);

[Properties(Arbitrary = [typeof(RowGenerators)], MaxTest = 100)]
public sealed class RowFileLaws : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Property]
    public bool What_was_written_is_read(NonEmptyArray<ChatMessage[]> rows, bool list, bool packed)
    {
        var set = RowFile.Read(Write([.. rows.Get.Select(Json)], list, packed));
        return set.Rows.Select(r => r.Messages).Zip(rows.Get, (a, b) => a.SequenceEqual(b)).All(same => same) && set.Rows.Count == rows.Get.Length;
    }

    [Property]
    public bool The_hash_is_that_of_the_conversations(NonEmptyArray<ChatMessage[]> rows, bool list, bool packed) =>
        RowFile.Read(Write([.. rows.Get.Select(Json)], list, packed)).Sha256 == RowFile.Read(Write([.. rows.Get.Select(Json)], !list, !packed)).Sha256;

    [Property]
    public bool Of_good_and_bad_rows_exactly_the_bad_ones_are_named_in_lines(MixedRow[] rows) =>
        Named(rows, list: false).SequenceEqual(Places(rows, i => $":{i + 1}: "));

    [Property]
    public bool Of_good_and_bad_rows_exactly_the_bad_ones_are_named_in_a_list(MixedRow[] rows) =>
        Named(rows, list: true).SequenceEqual(Places(rows, i => $":{i + 2} (row {i + 1}): "));

    private static IEnumerable<string> Places(MixedRow[] rows, Func<int, string> place) =>
        rows.Index().Where(r => r.Item.Bad).Select(r => place(r.Index));

    private IEnumerable<string> Named(MixedRow[] rows, bool list)
    {
        var path = Write([.. rows.Select(r => r.Json)], list, packed: false);
        try
        {
            RowFile.Read(path, RowFormat.Messages);
            return [];
        }
        catch (UserFaultException e)
        {
            // A row may have several sentences.
            return e.Problems.Select(p => p[path.Length..(p.IndexOf(": ", path.Length, StringComparison.Ordinal) + 2)]).Distinct();
        }
    }

    private string Write(string[] rows, bool list, bool packed) => folder.Write(
        (list ? "rows.json" : "rows.jsonl") + (packed ? ".gz" : ""),
        list ? $"[\n{string.Join(",\n", rows)}\n]" : string.Join('\n', rows) + "\n");

    internal static string Json(ChatMessage[] row) =>
        JsonSerializer.Serialize(new { messages = row.Select(m => new { content = m.Content, role = m.Role }) }, Relaxed);

    // Quotes as \" and letters as themselves: the default writes both as \u escapes, which no reader can trip over.
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
