using AlignGuard.Evaluation.Benchmark.Importers;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>Prompts of several sources, in the order of the sources, their files and rows.</summary>
public sealed record SourceReading(IReadOnlyList<SourcePrompt> Prompts, IReadOnlyList<SourceReport> Files)
{
    /// <summary>Problems of a file that are told one by one.</summary>
    private const int MostTold = 50;

    /// <summary>A reason for which rows are left out.</summary>
    internal const string NoCategory = "unsafe, but of none of the six categories", NoWords = "no letters or digits", OtherLabel = "of the other label";

    /// <exception cref="UserFaultException">Everything that is wrong with the sources: each file and row, with its place.</exception>
    public static SourceReading Read(IReadOnlyList<BenchmarkSource> sources)
    {
        var (prompts, reports, problems) = (new List<SourcePrompt>(), new List<SourceReport>(), new List<string>());
        foreach (var source in sources)
        {
            try
            {
                foreach (var (path, name) in source.Files())
                {
                    try
                    {
                        reports.Add(Read(SourceFile.Read(path, name), source.Use, prompts));
                    }
                    catch (UserFaultException e)
                    {
                        problems.AddRange(e.Problems);
                    }
                }
            }
            catch (UserFaultException e)
            {
                problems.AddRange(e.Problems);
            }
        }
        return problems.Count == 0 ? new SourceReading(prompts, reports) : throw new UserFaultException(problems);
    }

    private static SourceReport Read(SourceFile file, SourceUse use, List<SourcePrompt> prompts)
    {
        var importer = PromptImporters.For(file) ?? throw new UserFaultException([.. Unreadable(file)]);
        var labels = importer.Labels(file);
        var wrong = (labels, use) switch
        {
            (LabelsOf.AllSafe, SourceUse.Unsafe) => $"{file.Path}: all prompts of {importer.Name} are safe: give it with --safe or --source.",
            (LabelsOf.AllUnsafe, SourceUse.Safe) => $"{file.Path}: all prompts of {importer.Name} are unsafe: give it with --unsafe or --source.",
            (LabelsOf.Nobody, SourceUse.AsLabelled) => $"{file.Path}: nothing says which of its prompts are unsafe: give it with --safe or --unsafe, or add a field 'label' to its rows.",
            _ => null,
        };
        if (wrong is not null) throw new UserFaultException(wrong);

        var (rows, taken, problems) = (0, 0, new List<string>());
        var (leftOut, unmapped) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new SortedDictionary<string, int>(StringComparer.Ordinal));
        foreach (var (row, imported) in importer.Read(file))
        {
            rows++;
            var place = row.Number is { } number ? $"{file.Path} (row {number})" : $"{file.Path}:{row.Line}";
            var error = imported.Error ?? (string.IsNullOrWhiteSpace(imported.Text) ? "the prompt is empty; write it or remove the row." : null);
            bool? @unsafe = labels switch { LabelsOf.AllSafe => false, LabelsOf.AllUnsafe => true, _ => imported.Unsafe ?? (use == SourceUse.AsLabelled ? null : use == SourceUse.Unsafe) };
            if (error is null && @unsafe is null) error = "the row has no label, and the file is given with --source; label it, or give the file with --safe or --unsafe.";
            if (error is not null) problems.Add($"{place}: {error}");
            else if (imported.LeftOut is { } reason) Count(leftOut, reason);
            else if ((use == SourceUse.Safe && @unsafe == true) || (use == SourceUse.Unsafe && @unsafe == false)) Count(leftOut, OtherLabel);
            else if (Prompt(importer.Name, imported, @unsafe!.Value, unmapped) is not { } prompt) Count(leftOut, NoCategory);
            else if (prompt.Normalised.Length == 0) Count(leftOut, NoWords);
            else
            {
                prompts.Add(prompt);
                taken++;
            }
        }
        if (rows == 0) problems.Add($"{file.Path}: holds no prompts.");
        if (problems.Count > MostTold) problems = [.. problems.Take(MostTold), $"{file.Path}: {problems.Count - MostTold:N0} more rows can not be used."];
        if (problems.Count > 0) throw new UserFaultException(problems);
        return new SourceReport(file.Name, file.Sha256, importer.Name, use, rows, taken, leftOut, unmapped);
    }

    private static SourcePrompt? Prompt(string source, Imported imported, bool @unsafe, SortedDictionary<string, int> unmapped)
    {
        var table = CategoryTable.Default;
        var own = imported.Categories.FirstOrDefault(c => c.Length > 0) ?? "";
        if (!@unsafe)
        {
            var looks = table.LooksLike(source, imported.Categories);
            return new SourcePrompt(imported.Text, false, looks ?? SourcePrompt.General, looks is null ? CategorySource.None : CategorySource.Source, source, own);
        }
        var (category, by) = table.Of(source, imported.Categories, imported.Text);
        if (own.Length > 0 && !table.Knows(source, imported.Categories)) Count(unmapped, own);
        return category is null ? null : new SourcePrompt(imported.Text, true, category, by, source, own);
    }

    /// <summary>Why a file has no known format: what its rows lack, or that none of them can be read.</summary>
    private static IEnumerable<string> Unreadable(SourceFile file)
    {
        if (file.Table is [{ Error: { } header } first, ..]) return [$"{file.Path}:{first.Line}: {header}."];
        var bad = file.Rows.Where(r => r.Error is not null).Take(MostTold).Select(r => $"{file.Path}:{r.Line}: {r.Error}").ToList();
        if (bad.Count > 0) return bad;
        if (file.Rows.Count == 0) return [$"{file.Path}: holds no prompts."];
        return [$"{file.Path}: its rows have the fields {string.Join(", ", file.Columns.Order(StringComparer.Ordinal))}, which no known format of prompts has ({string.Join(", ", PromptImporters.All.Select(i => i.Name))}). "
            + "Own prompts have a field 'prompt', perhaps 'label' and 'category'."];
    }

    private static void Count(SortedDictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;
}
