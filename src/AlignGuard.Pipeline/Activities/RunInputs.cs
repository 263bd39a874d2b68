using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Pipeline.Store;

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
    public string PromptHash { get; } = PromptSet.Sha256(DriftPrompts);

    /// <summary>Names the measurement of the base model by everything it depends on.</summary>
    public string BaselineKey(RunContext run) => Hashing.Sha256(System.Text.Encoding.UTF8.GetBytes(
        string.Join('\n', "baseline 1", run.ModelHash, PromptHash, EvalHash, run.Spec.DriftCheck.MaxNewTokens, run.Spec.Train.SeqLen)))[..24];
}
