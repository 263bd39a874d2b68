using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>Adapters as PEFT reads and writes them. (What PEFT itself wrote is loaded by the comparison with the reference.)</summary>
[Collection(TensorCollection.Name)]
public sealed class PeftAdapterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-peft-").FullName;

    public static TheoryData<string[], string[]> Targets => new()
    {
        { ["all-linear"], ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"] },
        { ["q_proj", "v_proj"], ["q_proj", "v_proj"] },
        { ["model.layers.0.self_attn.q_proj"], ["model.layers.0.self_attn.q_proj"] },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void A_saved_adapter_is_loaded_bit_for_bit(string[] targets, string[] written)
    {
        using var model = TinyLlama.Model();
        using var scope = NewDisposeScope();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 3, Alpha = 6, Dropout = 0.1, RankStabilised = true, Targets = [.. targets] }, 1);
        // A generator of its own: the process's one belongs to the dropout of tests that run beside this one.
        using (var generator = new Generator(2))
        using (no_grad())
            foreach (var group in adapter.Groups) group.B.copy_(randn(group.B.shape, generator: generator));
        PeftAdapter.Save(adapter, _folder, "base/model");

        var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, PeftAdapter.ConfigName))).RootElement;
        Assert.Equal(written, config.GetProperty("target_modules").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal("LORA", config.GetProperty("peft_type").GetString());
        Assert.Equal("base/model", config.GetProperty("base_model_name_or_path").GetString());
        using (var file = SafetensorsFile.Open(Path.Combine(_folder, PeftAdapter.WeightsName)))
        {
            Assert.Equal("pt", file.Metadata["format"]);
            Assert.All(file.Names, name => Assert.Matches(@"^base_model\.model\.model\.layers\.\d+\.(self_attn|mlp)\.[a-z]+_proj\.lora_[AB]\.weight$", name));
        }

        using var loaded = PeftAdapter.Load(model, _folder);
        Assert.Equal(adapter.Spec.Scale, loaded.Spec.Scale);
        Assert.Equal(adapter.Factors().Select(f => f.Site.Name), loaded.Factors().Select(f => f.Site.Name));
        foreach (var (one, other) in adapter.Factors().Zip(loaded.Factors()))
            Assert.True(one.A.eq(other.A).all().item<bool>() && one.B.eq(other.B).all().item<bool>(), one.Site.Name);
    }

    [Fact]
    public void Everything_that_does_not_fit_is_told_at_once()
    {
        using var model = TinyLlama.Model();
        using var scope = NewDisposeScope();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 3, Targets = ["q_proj"] }, 1);
        PeftAdapter.Save(adapter, _folder, "base");
        var config = Path.Combine(_folder, PeftAdapter.ConfigName);
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"q_proj\"", "\"k_proj\""));
        var problems = Assert.Throws<ModelFormatException>(() => PeftAdapter.Load(model, _folder)).Problems;
        // Two layers, A and B each: four keys that are missing and four that fit nothing.
        Assert.Equal(8, problems.Count);

        File.WriteAllText(config, File.ReadAllText(config).Replace("\"use_dora\": false", "\"lora_bias\": true").Replace("LORA", "LOHA"));
        Assert.Equal(2, Assert.Throws<ModelFormatException>(() => PeftAdapter.Load(model, _folder)).Problems.Count);
    }

    [Theory]
    [InlineData("\"r\": 3", "\"r\": \"8\"", "r must be a positive whole number")]
    [InlineData("\"lora_alpha\": 3", "\"lora_alpha\": \"16\"", "lora_alpha is \"16\"; a number is expected")]
    [InlineData("\"lora_alpha\": 3", "\"lora_alpha\": null", "lora_alpha is null; a number is expected")]
    [InlineData("\"lora_dropout\": 0", "\"lora_dropout\": \"x\"", "lora_dropout is \"x\"; a number from 0 to below 1 is expected")]
    [InlineData("\"lora_dropout\": 0", "\"lora_dropout\": 1", "lora_dropout is 1; a number from 0 to below 1 is expected")]
    public void A_configuration_of_the_wrong_kind_is_told_by_its_key(string sound, string bad, string expected)
    {
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 3, Alpha = 3, Targets = ["q_proj"] }, 1);
        PeftAdapter.Save(adapter, _folder, "base");
        var config = Path.Combine(_folder, PeftAdapter.ConfigName);
        var text = File.ReadAllText(config);
        Assert.Contains(sound, text);
        File.WriteAllText(config, text.Replace(sound, bad));
        Assert.Contains($"{config}: {expected}", Assert.Single(Assert.Throws<ModelFormatException>(() => PeftAdapter.Load(model, _folder)).Problems));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
