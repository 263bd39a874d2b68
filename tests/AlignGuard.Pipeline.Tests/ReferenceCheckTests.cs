using AlignGuard.Models;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Verification;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>Parity with Hugging Face transformers and peft: logits, losses, every LoRA gradient, per-example gradients, Fisher factors, generations.</summary>
[Collection(TensorCollection.Name)]
public class ReferenceCheckTests
{
    public static TheoryData<string, string> Cases => new()
    {
        { "llama", "config.json" }, { "llama", "config_v5.json" },
        { "llama_tied", "config.json" }, { "llama_tied", "config_v5.json" },
        { "llama3_rope", "config.json" }, { "llama3_rope", "config_v5.json" },
        { "mistral", "config.json" }, { "mistral", "config_v5.json" },
        { "qwen2", "config.json" }, { "qwen2", "config_v5.json" },
        { "gemma", "config.json" }, { "gemma", "config_v5.json" },
        { "gpt2", "config.json" }, { "gpt2", "config_v5.json" },
        { "mixtral", "config.json" }, { "mixtral", "config_v5.json" },
        { "t5", "config.json" }, { "t5", "config_v5.json" },
    };

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Every_quantity_agrees_with_the_reference(string fixture, string config)
    {
        using var folder = new Checkpoint(fixture, config);
        var comparisons = ReferenceCheck.Run(folder.Path, Path.Combine(folder.Source, "expected.safetensors"), Path.Combine(folder.Source, "adapter"));
        // Fewer layers in GPT-2, more in a mixture of experts.
        Assert.InRange(comparisons.Count, 35, 110);
        Assert.All(comparisons, c => Assert.True(c.Passed, $"{c.Name}: {c.Difference}"));
    }

    [SkippableFact]
    public void Another_model_s_weights_are_told_apart()
    {
        using var folder = new Checkpoint("llama", "config.json");
        var comparisons = ReferenceCheck.Run(folder.Path, Path.Combine(Checkpoint.Fixtures(), "llama3_rope", "expected.safetensors"), Path.Combine(folder.Source, "adapter"));
        Assert.Contains(comparisons, c => !c.Passed);
    }

    /// <summary>A verification of nothing must not pass.</summary>
    [SkippableFact]
    public void What_cannot_be_compared_is_an_error_and_what_is_absent_is_left_out()
    {
        using var folder = new Checkpoint("llama", "config.json");
        var source = Path.Combine(folder.Source, "expected.safetensors");
        Assert.Contains("--adapter", Assert.Throws<ModelFormatException>(() => ReferenceCheck.Run(folder.Path, source, null)).Message);

        using var scope = NewDisposeScope();
        var whole = SafetensorsFile.Load(source);
        var dump = Path.Combine(folder.Path, "part.safetensors");
        SafetensorsFile.Save(dump, whole.Where(t => t.Key is "input_ids" or "attention_mask"));
        Assert.Contains("nothing to compare", Assert.Throws<ModelFormatException>(() => ReferenceCheck.Run(folder.Path, dump, null)).Message);
        SafetensorsFile.Save(dump, whole.Where(t => t.Key is "input_ids" or "attention_mask" or "base.logits"));
        Assert.Equal("base.logits", Assert.Single(ReferenceCheck.Run(folder.Path, dump, null)).Name);
    }

    [SkippableFact]
    public void A_missing_truncated_misshapen_or_poisoned_model_is_refused_by_name()
    {
        using var folder = new Checkpoint("llama", "config.json");
        var weights = Path.Combine(folder.Path, "model.safetensors");
        var dump = Path.Combine(folder.Source, "expected.safetensors");

        var whole = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, whole[..^1000]);
        Assert.Contains("model.safetensors", Refused(folder, dump));

        // The last tensor's last float becomes NaN.
        var poisoned = (byte[])whole.Clone();
        BitConverter.GetBytes(float.NaN).CopyTo(poisoned, poisoned.Length - 4);
        File.WriteAllBytes(weights, poisoned);
        Assert.Contains("model.norm.weight", Refused(folder, dump));

        File.WriteAllBytes(weights, whole);
        var config = File.ReadAllText(Path.Combine(folder.Path, "config.json"));
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), config.Replace("\"intermediate_size\": 96", "\"intermediate_size\": 80"));
        var problems = Assert.ThrowsAny<ModelFormatException>(() => ReferenceCheck.Run(folder.Path, dump, null)).Problems;
        Assert.Equal(6, problems.Count);                     // gate, up and down of two layers, all at once
        Assert.All(problems, p => Assert.Contains("mlp", p));

        File.Delete(weights);
        Assert.Contains("model.safetensors", Refused(folder, dump));
    }

    private static string Refused(Checkpoint folder, string dump) =>
        string.Join('\n', Assert.ThrowsAny<ModelFormatException>(() => ReferenceCheck.Run(folder.Path, dump, null)).Problems.DefaultIfEmpty("?"));

    private sealed class Checkpoint : IDisposable
    {
        public Checkpoint(string fixture, string config)
        {
            Source = System.IO.Path.Combine(Fixtures(), fixture);
            Path = Directory.CreateTempSubdirectory("alignguard-fixture-").FullName;
            File.Copy(System.IO.Path.Combine(Source, "model.safetensors"), System.IO.Path.Combine(Path, "model.safetensors"));
            File.Copy(System.IO.Path.Combine(Source, config), System.IO.Path.Combine(Path, "config.json"));
            foreach (var file in Directory.GetFiles(Path)) File.SetAttributes(file, FileAttributes.Normal);
        }

        public string Source { get; }
        public string Path { get; }

        public static string Fixtures()
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                var candidate = System.IO.Path.Combine(folder.FullName, "shared", "fixtures");
                if (Directory.Exists(candidate)) return candidate;
            }
            Skip.If(true, "shared/fixtures is not beside the repository: the reference dumps cannot be compared.");
            return "";
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
