using System.Text;
using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Names what runs share by everything it depends on: whoever is first measures, all others read.</summary>
public static class SharedKeys
{
    /// <summary>Folder of the base model's answers and task score.</summary>
    /// <param name="device">Kind of device that the run was begun on: another gives other bits.</param>
    /// <param name="judges">Names of the judges, whose readings are part of it.</param>
    public static string Baseline(JobSpec spec, RunInputs inputs, string modelHash, string device = Cpu, string judges = Rules) =>
        "baselines/" + Key(By(On("baseline 1", device), judges), modelHash, inputs.PromptHash, inputs.EvalHash, spec.DriftCheck.MaxNewTokens, spec.Train.SeqLen);

    /// <summary>Folder of the Fisher at W0: no penalty, rate or rank of the adapter changes it, so the cells of a sweep share it.</summary>
    /// <param name="threads">Other thread counts give other bits.</param>
    public static string FirstFisher(JobSpec spec, RunInputs inputs, string modelHash, int threads, string device = Cpu, string judges = Rules) =>
        "fishers/" + Key(By(On("fisher 1", device), judges), modelHash, PromptSet.Sha256(inputs.FisherPrompts), spec.Fisher.Samples, spec.Fisher.MinRefusals, spec.Fisher.Kind, spec.Fisher.Form, spec.Fisher.Batch,
            spec.Fisher.Oversample, spec.Guard.Rank.Max, spec.Train.Seed, spec.Lora.Targets, spec.DriftCheck.MaxNewTokens, spec.DriftCheck.Batch, threads);

    // As in the keys before there was a choice.
    private const string Cpu = "cpu", Rules = "rules/1";

    private static string On(string kind, string device) => device == Cpu ? kind : $"{kind} {device}";

    private static string By(string kind, string judges) => judges == Rules ? kind : $"{kind} by {judges}";

    private static string Key(params object[] parts) => Hashing.Sha256(Encoding.UTF8.GetBytes(string.Join('\n', parts)))[..24];
}
