using System.Security.Cryptography;
using System.Text;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>A prompt that may go into a benchmark.</summary>
/// <param name="Text">As the source has it, stripped at the ends.</param>
/// <param name="Category">One of the six; of a safe prompt the one it looks like, or <see cref="General"/>.</param>
/// <param name="Source">The set it is from; <see cref="Builtin"/> for filled ones.</param>
/// <param name="SourceCategory">What the source calls it; empty when it does not.</param>
public sealed record SourcePrompt(string Text, bool Unsafe, string Category, CategorySource By, string Source, string SourceCategory)
{
    /// <summary>Category of safe prompts that look like no unsafe ones.</summary>
    public const string General = "general";

    /// <summary>Source of the prompts that the built-in generator fills in.</summary>
    public const string Builtin = "builtin";

    /// <summary>See <see cref="PromptSet.Normalise"/>: what makes two prompts the same.</summary>
    public string Normalised { get; } = PromptSet.Normalise(Text);

    /// <summary>The first 16 hex digits of the SHA-256 of <see cref="Normalised"/>: the same for the same prompt in every benchmark.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Normalised)).AsSpan(0, 8));

    public string Label => Unsafe ? "unsafe" : "safe";
}
