using AlignGuard.Models.Lora;

namespace AlignGuard.Evaluation.Drift;

/// <summary>One measurement of a pass: the model, with an adapter or without.</summary>
/// <param name="Path">File of its answers.</param>
/// <param name="Origin">A hash of model, adapter and settings: answers of another are not gone on with.</param>
/// <param name="Adapter">Null = the model as it is.</param>
public sealed record DriftTarget(string Path, string Origin, LoraAdapter? Adapter = null);
