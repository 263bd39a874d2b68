using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Batches;

namespace AlignGuard.Pipeline.Activities;

/// <summary>The rows and prompts of a job, read and checked once per process.</summary>
/// <param name="Train">Tokenised rows to learn from.</param>
/// <param name="Eval">Tokenised rows that score the task.</param>
/// <param name="DriftPrompts">All prompts of the final check; quick checks use a prefix.</param>
/// <param name="FisherPrompts">Unsafe prompts for the Fisher; empty for an unguarded method.</param>
/// <param name="DataHash">sha-256 of the training and evaluation rows.</param>
public sealed record RunInputs(IReadOnlyList<TokenRow> Train, IReadOnlyList<TokenRow> Eval, IReadOnlyList<Prompt> DriftPrompts, IReadOnlyList<Prompt> FisherPrompts,
    string DataHash, string EvalHash, IReadOnlyList<string> Warnings)
{
    /// <summary>Rows that were left out, of either file.</summary>
    public IReadOnlyList<AlignGuard.Pipeline.Data.QuarantinedRow> Quarantined { get; init; } = [];

    /// <summary>What the data gate found in the training rows; null where it did not look.</summary>
    public AlignGuard.Pipeline.Data.Gate.GatedRows? DataGate { get; init; }

    /// <summary>A sentence for each file whose layout was found out.</summary>
    public IReadOnlyList<string> Detected { get; init; } = [];

    public string PromptHash { get; } = PromptSet.Sha256(DriftPrompts);
}
