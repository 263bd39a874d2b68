using System.Text;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>Reads the items of a benchmark from its official files.</summary>
public static class BenchmarkFile
{
    // A file in a wrong layout is wrong in every line.
    private const int MostProblems = 50;

    /// <param name="path">A file; or a folder, of which every file with the layout's ending is read, in order of their names.</param>
    /// <exception cref="UserFaultException">What keeps the files from being read, all of it; or there is no row in them.</exception>
    public static IReadOnlyList<BenchmarkItem> Read(BenchmarkTask task, string path)
    {
        var files = Directory.Exists(path) ? Directory.GetFiles(path, "*.csv").Concat(Directory.GetFiles(path, "*.tsv")).Concat(Directory.GetFiles(path, "*.json*")).Order(StringComparer.Ordinal).ToArray() : [path];
        if (files.Length == 0) throw new UserFaultException($"{path}: the folder holds no .csv, .tsv, .json or .jsonl file. {task.Name} expects {task.File}.");
        var (items, problems) = (new List<BenchmarkItem>(), new List<string>());
        foreach (var file in files)
        {
            if (Text(file, problems) is not { } content) continue;
            var before = problems.Count;
            var read = task.Layout.Rows(file, content, problems).SelectMany(row => task.Items(task, row, Path.GetFileNameWithoutExtension(file))).ToList();
            if (read.Count == 0 && problems.Count == before) problems.Add($"{file}: the file holds no rows. {task.Name} expects {task.File}.");
            items.AddRange(read);
        }
        if (problems.Count > MostProblems) problems = [.. problems.Take(MostProblems), $"… and {problems.Count - MostProblems} problems more. {task.Name} expects {task.File}."];
        return problems.Count > 0 ? throw new UserFaultException(problems) : items;
    }

    private static string? Text(string file, List<string> problems)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(file)).TrimStart('\uFEFF');
            if (!string.IsNullOrWhiteSpace(text)) return text;
            problems.Add($"{file}: the file is empty.");
        }
        catch (DecoderFallbackException)
        {
            problems.Add($"{file}: the file is not UTF-8; save it as UTF-8 and try again.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{file}: the file cannot be read: {e.Message}");
        }
        return null;
    }
}
