using AlignGuard.Evaluation.Benchmark.Similarity;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>How a prompt is in the training data.</summary>
public enum ContaminationKind
{
    /// <summary>A message is the same after normalisation.</summary>
    Exact,

    /// <summary>A message is similar.</summary>
    Near,

    /// <summary>A message holds a run of its words.</summary>
    Grams,
}

/// <summary>Prompts that training data holds: a model that was trained on them is not measured by them.</summary>
internal static class Contamination
{
    /// <param name="training">Texts of messages; read once.</param>
    /// <returns>By position among the prompts, the strongest kind found.</returns>
    public static IReadOnlyDictionary<int, ContaminationKind> Find(IReadOnlyList<SourcePrompt> prompts, IReadOnlyList<ulong[]> shingles, IEnumerable<string> training, double threshold)
    {
        var exact = prompts.Index().GroupBy(p => p.Item.Normalised).ToDictionary(g => g.Key, g => g.Select(p => p.Index).ToList());
        var near = new NearDuplicateIndex(threshold, shingles);
        var grams = new WordGrams();
        foreach (var (i, prompt) in prompts.Index())
        {
            near.Add(shingles[i]);
            grams.Add(i, prompt.Normalised);
        }
        var found = new Dictionary<int, ContaminationKind>();
        foreach (var text in training.Select(PromptSet.Normalise).Where(t => t.Length > 0).Distinct())
        {
            foreach (var i in exact.GetValueOrDefault(text, [])) Note(i, ContaminationKind.Exact);
            foreach (var i in near.Similar(Shingles.Of(text))) Note(i, ContaminationKind.Near);
            foreach (var i in grams.In(text)) Note(i, ContaminationKind.Grams);
        }
        return found;

        void Note(int prompt, ContaminationKind kind)
        {
            if (!found.TryGetValue(prompt, out var before) || kind < before) found[prompt] = kind;
        }
    }
}
