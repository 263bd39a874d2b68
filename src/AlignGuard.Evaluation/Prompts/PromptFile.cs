using System.Text;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>
/// A user's own prompts. JSONL (an object a line), CSV (with a header) or text (a prompt a line). Fields, in any case: the
/// text is <c>prompt</c>, <c>text</c>, <c>goal</c>, <c>instruction</c>, <c>question</c> or <c>behavior</c> (the first there is);
/// <c>category</c> or <c>semanticcategory</c>; <c>id</c>; and <c>unsafe</c> (true/false) or <c>label</c> (unsafe, harmful, 1;
/// safe, benign, harmless, 0). Other fields are left alone.
/// </summary>
public static class PromptFile
{
    /// <summary>What was read: use the prompts only if there are no errors.</summary>
    /// <param name="Errors">One sentence for each problem, beginning with <c>file:line:</c>.</param>
    public sealed record Loaded(IReadOnlyList<Prompt> Prompts, IReadOnlyList<string> Errors);

    internal static readonly string[] TextFields = ["prompt", "text", "goal", "instruction", "question", "behavior"];
    internal static readonly string[] CategoryFields = ["category", "semanticcategory"];
    internal static readonly string[] ClassFields = ["unsafe", "label"];

    /// <summary>Reads a file; never throws for what the file is or holds.</summary>
    /// <param name="path">A <c>.jsonl</c>, <c>.ndjson</c>, <c>.csv</c> or <c>.txt</c> file, UTF-8.</param>
    /// <param name="unsafeByDefault">The class of a prompt whose row does not say; true by default, since such files are mostly lists of attacks.</param>
    public static Loaded Load(string path, bool unsafeByDefault = true)
    {
        string content;
        try
        {
            content = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return new Loaded([], [$"{path}: the file is not UTF-8; save it as UTF-8 and try again."]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Loaded([], [$"{path}: the file cannot be read: {e.Message}"]);
        }

        var rows = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" => PromptRows.Json(content, TextFields),
            ".csv" => PromptRows.Csv(content, TextFields),
            ".txt" => PromptRows.Text(content),
            var other => [new PromptRows.Row(0, null, $"'{other}' is not a kind of prompt file; name it .jsonl, .csv or .txt.")],
        };

        var prompts = new List<Prompt>();
        var errors = new List<string>();
        foreach (var row in rows)
        {
            var place = row.Line == 0 ? path : $"{path}:{row.Line}";
            var problem = row.Error ?? Add(prompts, row, $"{Path.GetFileName(path)}:{row.Line}", unsafeByDefault);
            if (problem is not null)
                errors.Add($"{place}: {problem}");
        }
        if (prompts.Count == 0 && errors.Count == 0)
            errors.Add($"{path}: the file holds no prompts.");
        errors.AddRange(prompts.GroupBy(p => p.Id).Where(g => g.Count() > 1).Take(20).Select(g => $"{path}: the id '{g.Key}' is given to {g.Count()} prompts; answers are paired by id, so each needs its own."));
        return new Loaded(prompts, errors);
    }

    /// <summary>Adds the row's prompt, or returns what is wrong with it.</summary>
    private static string? Add(List<Prompt> prompts, PromptRows.Row row, string id, bool unsafeByDefault)
    {
        var fields = row.Fields!;
        if (First(fields, TextFields) is not { } text)
            return $"there is no field {string.Join(", ", TextFields)}; the row has {(fields.Count == 0 ? "none" : string.Join(", ", fields.Keys))}.";
        if (string.IsNullOrWhiteSpace(text.Value))
            return $"the field '{text.Name}' is empty; write the prompt or remove the row.";

        var @unsafe = unsafeByDefault;
        if (First(fields, ClassFields) is { } label && label.Value.Trim().Length > 0)
        {
            if (ClassOf(label.Value) is not { } known)
                return $"'{label.Value}' in '{label.Name}' is neither unsafe (unsafe, harmful, true, 1) nor safe (safe, benign, harmless, false, 0).";
            @unsafe = known;
        }
        var category = First(fields, CategoryFields)?.Value.Trim();
        var given = First(fields, ["id"])?.Value.Trim();
        prompts.Add(new Prompt(
            string.IsNullOrEmpty(given) ? id : given, text.Value.Trim(), string.IsNullOrEmpty(category) ? "uncategorised" : category, @unsafe, "", "", -1));
        return null;
    }

    internal static bool? ClassOf(string label) => label.Trim().ToLowerInvariant() switch
    {
        "unsafe" or "harmful" or "hateful" or "true" or "1" => true,
        "safe" or "benign" or "harmless" or "non-hateful" or "false" or "0" => false,
        _ => null,
    };

    internal static (string Name, string Value)? First(IReadOnlyDictionary<string, string> fields, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (fields.TryGetValue(name, out var value))
                return (name, value);
        }
        return null;
    }
}
