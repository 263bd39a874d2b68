using System.Text;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Pipeline.Export;
using AlignGuard.Pipeline.Tests.Families;
using TorchSharp;
using Xunit;

namespace AlignGuard.Pipeline.Tests;

/// <summary>An adapter knows its base model: what its own tensors cannot tell is told all the same, and all of it at once.</summary>
[Collection(TensorCollection.Name)]
public sealed class AdapterBaseTests : IDisposable
{
    private const string Config = """{ "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2 }""";

    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-base-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_adapter_is_loaded_on_its_own_base()
    {
        var (model, adapter) = (Model("base", Config), Adapter());
        using var opened = LanguageCheckpoint.Load(model);
        using var loaded = AdapterBase.Load(opened, model, adapter);
        Assert.Equal(14, loaded.Sites.Count());
    }

    /// <summary>Every tensor of the adapter fits these models: vocabulary, heads, and weights by themselves.</summary>
    [Theory]
    [InlineData("\"vocab_size\": 64", "\"vocab_size\": 65", 1UL, "vocabulary is 64; that of", "sha-256")]
    [InlineData("\"num_attention_heads\": 4, \"num_key_value_heads\": 2", "\"num_attention_heads\": 8, \"num_key_value_heads\": 4", 1UL, "number of heads is 4; that of", "number of key/value heads is 2; that of", "head size is 8; that of", "sha-256")]
    [InlineData("", "", 2UL, "sha-256")]
    public void A_base_that_every_tensor_fits_is_told_from_the_right_one(string written, string other, ulong seed, params string[] told)
    {
        _ = Model("base", Config);
        var adapter = Adapter();
        var another = Model("another", written.Length == 0 ? Config : Config.Replace(written, other, StringComparison.Ordinal), seed);
        using var model = LanguageCheckpoint.Load(another);
        using (PeftAdapter.Load(model, adapter)) { }
        var problems = Assert.Throws<ModelFormatException>(() => AdapterBase.Load(model, another, adapter)).Problems;
        Assert.Equal(told.Length, problems.Count);
        foreach (var (problem, part) in problems.Zip(told)) Assert.Contains(part, problem);

        // Whoever means it can do without.
        File.Delete(Path.Combine(adapter, AdapterBase.FileName));
        using var loaded = AdapterBase.Load(model, another, adapter);
    }

    [Fact]
    public void Figures_hash_and_tensors_that_do_not_fit_are_told_together()
    {
        _ = Model("base", Config);
        var adapter = Adapter();
        var another = Model("another", Config.Replace("\"hidden_size\": 32", "\"hidden_size\": 64", StringComparison.Ordinal));
        using var model = LanguageCheckpoint.Load(another);
        var problems = Assert.Throws<ModelFormatException>(() => AdapterBase.Load(model, another, adapter)).Problems;
        Assert.Contains(problems, p => p.Contains("hidden size is 32; that of"));
        Assert.Contains(problems, p => p.Contains("sha-256"));
        Assert.Contains(problems, p => p.Contains("layers.1.mlp.down_proj.lora_B.weight is [32, 2], expected [64, 2]"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{ "sha256": 7 }""")]
    public void A_damaged_description_is_an_error_with_its_place(string text)
    {
        var fault = Assert.Throws<ModelFormatException>(() => AdapterBase.FromJson(Encoding.UTF8.GetBytes(text), "there/base_model.json"));
        Assert.Contains("there/base_model.json", fault.Message);
    }

    private string Model(string name, string config, ulong seed = 1)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        TinyFamily.Write(folder, config, seed);
        return folder;
    }

    /// <summary>Of the model "base".</summary>
    private string Adapter()
    {
        var (model, folder) = (Path.Combine(_folder, "base"), Path.Combine(_folder, "adapter"));
        using var opened = LanguageCheckpoint.Load(model);
        using var adapter = LoraAdapter.Create(opened, new LoraSpec { Rank = 2 }, 1);
        PeftAdapter.Save(adapter, folder, "base");
        File.WriteAllBytes(Path.Combine(folder, AdapterBase.FileName), AdapterBase.Of(model).ToJson());
        return folder;
    }
}
