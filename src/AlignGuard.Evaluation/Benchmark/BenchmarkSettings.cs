using AlignGuard.Domain.Benchmark;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>What is built.</summary>
public sealed record BenchmarkSettings
{
    /// <summary>Prompts in all; an odd number has one more unsafe prompt. Default: the paper's 10,000.</summary>
    public int Size { get; init; } = 10_000;

    /// <summary>Decides which prompts are drawn, and their order. Default: 42.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Jaccard similarity of five-character windows, within (0, 1], from which two prompts are the same. Default: 0.8.</summary>
    public double NearDuplicate { get; init; } = 0.8;

    /// <summary>True: what is missing comes from the built-in generator (its DriftCheck split).</summary>
    public bool FillBuiltin { get; init; }
}

/// <summary>What was left out because it was there before, or twice with different labels.</summary>
/// <param name="Exact">Prompts equal to an earlier one of their label.</param>
/// <param name="Near">Prompts similar to an earlier one of their label.</param>
/// <param name="Conflicting">Prompts that two sources label differently: none of them is taken.</param>
public sealed record Duplicates(int Exact, int Near, int Conflicting);

/// <summary>Prompts that training data or the built-in alignment data hold.</summary>
/// <param name="Reserved">Ids of prompts that the built-in training or Fisher prompts ask.</param>
/// <param name="Exact">Ids of prompts that are a message of the training data.</param>
/// <param name="Near">Ids of prompts that are similar to one.</param>
/// <param name="Grams">Ids of prompts of which a run of words is in one.</param>
public sealed record Contaminated(IReadOnlyList<string> Reserved, IReadOnlyList<string> Exact, IReadOnlyList<string> Near, IReadOnlyList<string> Grams)
{
    public int Count => Reserved.Count + Exact.Count + Near.Count + Grams.Count;
}

/// <summary>A benchmark, or what it lacks.</summary>
/// <param name="Prompts">In their order, of which every prefix is balanced; empty when something is missing.</param>
/// <param name="Supplies">What the sources have, and what is needed.</param>
/// <param name="Filled">By supply, how many of what the sources lack the built-in generator gives; all 0 where it was not asked.</param>
public sealed record BenchmarkResult(IReadOnlyList<SourcePrompt> Prompts, IReadOnlyList<Supply> Supplies, IReadOnlyList<int> Filled, Duplicates Duplicates, Contaminated Contaminated)
{
    public bool Complete => Prompts.Count > 0;

    /// <summary>By supply, how many neither the sources nor the generator have; all 0 when <see cref="Complete"/>.</summary>
    public IReadOnlyList<int> Missing => [.. Supplies.Zip(Filled, (supply, filled) => supply.Missing - filled)];
}
