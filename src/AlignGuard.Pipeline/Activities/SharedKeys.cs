using System.Text;
using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Names what runs share by everything it depends on: whoever is first measures, all others read.</summary>
public static class SharedKeys
{
    /// <summary>Folder of the base model's answers and task score.</summary>
    public static string Baseline(JobSpec spec, RunInputs inputs, string modelHash) =>
        "baselines/" + Key("baseline 1", modelHash, inputs.PromptHash, inputs.EvalHash, spec.DriftCheck.MaxNewTokens, spec.Train.SeqLen);

    /// <summary>Folder of the Fisher at W0: no penalty, rate or rank of the adapter changes it, so the cells of a sweep share it.</summary>
    /// <param name="threads">Other thread counts give other bits.</param>
    public static string FirstFisher(JobSpec spec, RunInputs inputs, string modelHash, int threads) =>
        "fishers/" + Key("fisher 1", modelHash, PromptSet.Sha256(inputs.FisherPrompts), spec.Fisher.Samples, spec.Fisher.MinRefusals, spec.Fisher.Kind, spec.Fisher.Form, spec.Fisher.Batch,
            spec.Fisher.Oversample, spec.Guard.Rank.Max, spec.Train.Seed, spec.Lora.Targets, spec.DriftCheck.MaxNewTokens, spec.DriftCheck.Batch, threads);

    private static string Key(params object[] parts) => Hashing.Sha256(Encoding.UTF8.GetBytes(string.Join('\n', parts)))[..24];
}
