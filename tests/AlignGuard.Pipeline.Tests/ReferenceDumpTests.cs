using System.Reflection;
using AlignGuard.Pipeline.Verification;
using Xunit;

namespace AlignGuard.Pipeline.Tests;

/// <summary>Parity with newer transformers (tests/Reference/dump.py) on what the older dumps lack: q/k norms, softcaps, windows by layer, biases of attention and MLP, and the ropes' scalings.</summary>
[Collection(TensorCollection.Name)]
public class ReferenceDumpTests
{
    private static readonly string Dumps = Path.Combine(
        typeof(ReferenceDumpTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!, "tests", "Reference", "Dumps");

    [Theory]
    [InlineData("qwen3", 13)]
    [InlineData("qwen3_tied_window", 13)]
    [InlineData("gemma2", 13)]
    [InlineData("llama_bias", 13)]
    [InlineData("llama_linear", 6)]
    [InlineData("llama_yarn", 6)]
    [InlineData("llama_yarn_opts", 6)]
    [InlineData("llama_yarn_mscale", 6)]
    // The reference keeps the longest length it has seen: of what it computed later, this dump holds nothing.
    [InlineData("llama_dynamic", 3)]
    [InlineData("t5_v10", 13)]
    [InlineData("mt5", 13)]
    public void Every_quantity_agrees_with_the_reference(string dump, int atLeast)
    {
        var folder = Path.Combine(Dumps, dump);
        var adapter = Path.Combine(folder, "adapter");
        var comparisons = ReferenceCheck.Run(folder, Path.Combine(folder, "expected.safetensors"), Directory.Exists(adapter) ? adapter : null);
        Assert.True(comparisons.Count >= atLeast, $"only {comparisons.Count} compared");
        Assert.All(comparisons, c => Assert.True(c.Passed, $"{c.Name}: {c.Difference}"));
    }
}
