using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Domain.Benchmark;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>A benchmark on disk: <c>prompts.jsonl</c>, which <c>driftcheck.prompts</c> of a job reads, and <c>manifest.json</c>, which says what it is made of.</summary>
public static class BenchmarkFiles
{
    public const string PromptsName = "prompts.jsonl", ManifestName = "manifest.json";

    /// <summary>Of the manifest and the way of drawing: another version may draw others from the same sources.</summary>
    public const int Version = 1;

    private static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Line) { WriteIndented = true };

    /// <summary>A line a prompt; the same benchmark gives the same bytes.</summary>
    public static byte[] Prompts(BenchmarkResult benchmark) => Encoding.UTF8.GetBytes(string.Concat(benchmark.Prompts.Select(p =>
        JsonSerializer.Serialize(new { id = p.Id, prompt = p.Text, label = p.Label, category = p.Category, source = p.Source }, Line) + "\n")));

    /// <param name="training">Files whose rows no prompt may be in, with their sha-256.</param>
    public static byte[] Manifest(BenchmarkResult benchmark, BenchmarkSettings settings, IReadOnlyList<SourceReport> sources, IReadOnlyList<(string Name, string Sha256)> training, string program)
    {
        var text = JsonSerializer.Serialize(new
        {
            version = Version,
            program,
            size = benchmark.Prompts.Count,
            seed = settings.Seed,
            promptsSha256 = Convert.ToHexStringLower(SHA256.HashData(Prompts(benchmark))),
            composition = benchmark.Prompts.GroupBy(p => (p.Label, p.Category)).OrderBy(g => g.Key.Label, StringComparer.Ordinal).ThenBy(g => g.Key.Category, StringComparer.Ordinal)
                .Select(g => new { label = g.Key.Label, category = g.Key.Category, prompts = g.Count(), sources = Counts(g.Select(p => p.Source)), categoryGivenBy = Counts(g.Select(p => $"{p.By}".ToLowerInvariant())) }),
            bySource = Counts(benchmark.Prompts.Select(p => p.Source)),
            fill = new { builtin = benchmark.Prompts.Count(p => p.Source == SourcePrompt.Builtin), asked = settings.FillBuiltin },
            supplies = benchmark.Supplies.Select(s => new { label = s.Label, category = s.Category, need = s.Need, fromSources = s.Have }),
            duplicates = new { threshold = settings.NearDuplicate, exact = benchmark.Duplicates.Exact, near = benchmark.Duplicates.Near, conflicting = benchmark.Duplicates.Conflicting },
            contamination = new { training = training.Select(t => new { file = t.Name, sha256 = t.Sha256 }), reserved = benchmark.Contaminated.Reserved, exact = benchmark.Contaminated.Exact, near = benchmark.Contaminated.Near, grams = benchmark.Contaminated.Grams },
            sources = sources.Select(s => new { file = s.Name, sha256 = s.Sha256, format = s.Format, use = $"{s.Use}".ToLowerInvariant(), rows = s.Rows, taken = s.Taken, leftOut = s.LeftOut, unmappedCategories = s.Unmapped }),
        }, Indented);
        return Encoding.UTF8.GetBytes(text + "\n");

        static SortedDictionary<string, int> Counts(IEnumerable<string> names) => new(names.GroupBy(n => n).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal);
    }

    /// <summary>Each file whole or not at all, the manifest last: with its <c>promptsSha256</c> it vouches for the prompts beside it.</summary>
    /// <exception cref="UserFaultException">The folder holds other files, or can not be written to.</exception>
    public static void Write(string folder, byte[] prompts, byte[] manifest)
    {
        var others = Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Select(f => Path.GetFileName(f)!).Except([PromptsName, ManifestName]).Order(StringComparer.Ordinal).ToList() : [];
        if (others.Count > 0) throw new UserFaultException([$"{folder} holds {others[0]}{(others.Count > 1 ? $" and {others.Count - 1} more files" : "")}: name a new folder."]);
        try
        {
            // An older one vouches for other prompts.
            if (Directory.Exists(folder)) File.Delete(Path.Combine(folder, ManifestName));
            AtomicFile.Write(Path.Combine(folder, PromptsName), stream => stream.Write(prompts));
            AtomicFile.Write(Path.Combine(folder, ManifestName), stream => stream.Write(manifest));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException($"{folder}: can not be written to ({e.Message}): name a folder, new or empty, where there is room and permission.", e);
        }
    }
}
