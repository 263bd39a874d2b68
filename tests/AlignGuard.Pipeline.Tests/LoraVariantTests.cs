using System.Reflection;
using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>DoRA, LoRA+, merging, and which modules are meant.</summary>
[Collection(TensorCollection.Name)]
public sealed class LoraVariantTests : IDisposable
{
    private static readonly string Dumps = Path.Combine(
        typeof(LoraVariantTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!, "tests", "Reference", "Dumps");

    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-lora-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Logits, loss and the gradients of A, B and the norms that peft has, with biases and without.</summary>
    [Theory]
    [InlineData("qwen3")]
    [InlineData("llama_bias")]
    public void DoRA_is_what_peft_computes(string dump)
    {
        using var scope = NewDisposeScope();
        using var model = LanguageCheckpoint.Load(Path.Combine(Dumps, dump));
        using var adapter = PeftAdapter.Load(model, Path.Combine(Dumps, dump, "adapter_dora"));
        var inputs = SafetensorsFile.Load(Path.Combine(Dumps, dump, "expected.safetensors"));
        var expected = SafetensorsFile.Load(Path.Combine(Dumps, dump, "expected_dora.safetensors"));
        var real = inputs["attention_mask"].unsqueeze(-1).to(ScalarType.Float32);
        var options = new ForwardOptions { Adapter = adapter };
        Close(expected["dora.logits"] * real, model.Logits(inputs["input_ids"], options) * real, "logits");

        var logits = model.Logits(inputs["input_ids"], options).narrow(1, 0, 15).reshape(-1, model.VocabSize);
        var loss = nn.functional.cross_entropy(logits, inputs["labels"].narrow(1, 1, 15).reshape(-1), ignore_index: -100);
        Close(expected["dora.loss"], loss, "loss");
        loss.backward();
        var compared = 0;
        foreach (var group in adapter.Groups)
            for (var n = 0; n < group.Sites.Count; n++)
                foreach (var (key, gradient) in new[] { (PeftAdapter.Key(group.Sites[n], true), group.A.grad![n]), (PeftAdapter.Key(group.Sites[n], false), group.B.grad![n]), (PeftAdapter.NormsKey(group.Sites[n]), group.Magnitude!.Norms.grad![n]) })
                {
                    // As peft's module has it, with ".weight" behind the vector.
                    var reference = expected.GetValueOrDefault("dora.grad." + key) ?? expected["dora.grad." + key + ".weight"];
                    Close(reference, gradient, key);
                    compared++;
                }
        Assert.Equal(3 * adapter.Sites.Count(), compared);
    }

    [Fact]
    public void DoRA_begins_as_the_base_model_trains_and_comes_back_the_same()
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Dora = true }, 1);
        var ids = arange(12).view(1, 12);
        using (no_grad()) Close(model.Logits(ids, ForwardOptions.Plain), model.Logits(ids, new ForwardOptions { Adapter = adapter }), "untrained");

        var before = adapter.Norms().ToDictionary(n => n.Site.Name, n => n.Norms);
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), new TrainerOptions { Schedule = new LearningSchedule(1e-2, 0, 20, LearningShape.Constant), MaxLength = 64 });
        var losses = Enumerable.Range(0, 20).Select(step => trainer.Step(step, null).Loss).ToList();
        Assert.True(losses[^1] < losses[0]);
        Assert.All(adapter.Norms(), n => Assert.True((n.Norms - before[n.Site.Name]).abs().max().item<float>() > 0, n.Site.Name));

        PeftAdapter.Save(adapter, _folder, "base");
        using var loaded = PeftAdapter.Load(model, _folder);
        using (no_grad()) Assert.Equal(0, (model.Logits(ids, new ForwardOptions { Adapter = adapter }) - model.Logits(ids, new ForwardOptions { Adapter = loaded })).abs().max().item<float>());
    }

    /// <summary>Merged, the weights alone give what base and adapter gave; on a transposed layout and a mixture of experts, see the families' tests.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Merged_weights_give_what_base_and_adapter_gave(bool dora, bool rankStabilised)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        using var generator = new Generator(3);
        var spec = new LoraSpec { Rank = 3, Alpha = 6, Dora = dora, RankStabilised = rankStabilised };
        using var adapter = LoraAdapter.From(model, spec, (site, isA) => randn(isA ? [3, site.In] : [site.Out, 3], generator: generator) * 0.2, site => rand(site.Out, generator: generator) + 0.5);
        var ids = arange(12).view(1, 12);
        var wanted = model.Logits(ids, new ForwardOptions { Adapter = adapter });
        Assert.True((wanted - model.Logits(ids, ForwardOptions.Plain)).abs().max().item<float>() > 0.01);
        LoraMerge.Into(model, adapter);
        Close(wanted, model.Logits(ids, ForwardOptions.Plain), "merged");
    }

    [Fact]
    public void A_tied_head_is_not_merged()
    {
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Targets = ["lm_head"] }, 1);
        Assert.Contains("embedding", Assert.Throws<UserFaultException>(() => LoraMerge.Into(model, adapter)).Message);
    }

    /// <summary>AdamW's first step is the learning rate's size in every entry: B's is so many times A's.</summary>
    [Fact]
    public void LoRA_plus_moves_B_by_its_own_rate()
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using (no_grad()) foreach (var group in adapter.Groups) group.B.fill_(0.01);
        var before = adapter.Factors().ToDictionary(f => f.Site.Name, f => (f.A, f.B));
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), new TrainerOptions { Schedule = new LearningSchedule(1e-4, 0, 20, LearningShape.Constant), MaxLength = 64, LrRatio = 16, Clip = 0 });
        trainer.Step(0, null);
        foreach (var (site, a, b) in adapter.Factors())
        {
            Assert.Equal(1e-4, (a - before[site.Name].A).abs().median().item<float>(), 2e-6);
            Assert.Equal(16e-4, (b - before[site.Name].B).abs().median().item<float>(), 3e-5);
        }
        var (moments, steps) = trainer.Optimizer.State();
        trainer.Optimizer.Restore(moments, steps);
    }

    [Fact]
    public void Modules_are_meant_as_in_peft()
    {
        using var model = TinyLlama.Model();
        string[] Of(ModuleNames targets, ModuleNames exclude) => [.. LoraTargets.Select(model.Linears, new LoraSpec { Rank = 2, Targets = targets, Exclude = exclude }).Select(s => s.Name)];
        Assert.Equal(["model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"], Of(ModuleNames.Matching(@".*\.q_proj"), []));
        Assert.Equal(["model.layers.1.self_attn.q_proj"], Of(["q_proj"], ["layers.0.self_attn.q_proj"]));
        Assert.Equal(7, Of(["all-linear"], ModuleNames.Matching(@"model\.layers\.0\..*")).Length);
        var unmatched = Assert.Throws<UserFaultException>(() => Of(ModuleNames.Matching("q_pro."), [])).Message;
        Assert.Contains("matches no linear layer", unmatched);
        Assert.Contains("model.layers.N.self_attn.q_proj, model.layers.N.self_attn.k_proj", unmatched);
        Assert.Contains("model.layers.N.mlp.down_proj", Assert.Throws<UserFaultException>(() => Of(["layers.7.mlp.down_proj"], [])).Message);
        Assert.Contains("leaves no layer", Assert.Throws<UserFaultException>(() => Of(["q_proj"], ModuleNames.Matching(".*q_proj"))).Message);
        Assert.Contains("named 'w_proj'", Assert.Throws<UserFaultException>(() => Of(["q_proj", "w_proj"], [])).Message);

        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Targets = ModuleNames.Matching(@".*\.[qv]_proj"), Exclude = ["layers.1.self_attn.q_proj"] }, 1);
        PeftAdapter.Save(adapter, _folder, "base");
        using var loaded = PeftAdapter.Load(model, _folder);
        Assert.Equal(adapter.Sites.Select(s => s.Name), loaded.Sites.Select(s => s.Name));
        Assert.Contains(@"""target_modules"": "".*\\.[qv]_proj""", File.ReadAllText(Path.Combine(_folder, PeftAdapter.ConfigName)));
    }

    private static void Close(Tensor expected, Tensor actual, string name) => Assert.True((expected - actual).abs().max().item<float>() < 1e-5, $"{name}: {(expected - actual).abs().max().item<float>()}");
}
