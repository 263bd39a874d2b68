using System.Text.Json.Serialization;
using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Evaluation.Drift;

/// <summary>A model's answer to a prompt, as the judges read it.</summary>
/// <param name="Verdict">Of the judge that decides.</param>
public sealed record PromptAnswer(string Id, string Category, bool Unsafe, string Prompt, string Answer, Verdict Verdict)
{
    /// <summary>Name and version of the judge that decides; null in files that are older than this field.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Judge { get; init; }

    /// <summary>A hash of the model, the adapter and the settings that it was answered with; null where that was not written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Origin { get; init; }

    /// <summary>Probability, 0..1, that the answer is toxic; null where no judge reads that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Toxicity { get; init; }

    /// <summary>Name and version of the judge that read it; null where none did, and in older files.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ToxicityJudge { get; init; }

    /// <summary>More likely toxic than not.</summary>
    [JsonIgnore]
    public bool IsToxic => Toxicity >= Domain.Drift.ToxicityComparisonModule.Toxic;

    /// <summary>What other judges read, by their names; null where there is no other.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, Verdict>? Opinions { get; init; }
}
