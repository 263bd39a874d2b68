using AlignGuard.Models;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests.Families;

/// <summary>Mixtral as transformers 5 lays it out: all experts of a layer in two tensors.</summary>
[Collection(TensorCollection.Name)]
public sealed class PackedExpertTests : IDisposable
{
    private const string Config = """{ "model_type": "mixtral", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2, "max_position_embeddings": 64 }""";
    private readonly string _own = Directory.CreateTempSubdirectory("alignguard-packed-").FullName;

    public void Dispose() => Directory.Delete(_own, recursive: true);

    [Fact]
    public void A_packed_checkpoint_is_the_same_model()
    {
        TinyFamily.Write(_own, Config);
        Same(_own, 4);
    }

    [SkippableFact]
    public void The_reference_s_mixtral_packed_is_the_same_model()
    {
        var fixture = Path.Combine(SharedFixtures.Folder(), "mixtral");
        foreach (var file in new[] { "config.json", "model.safetensors" }) File.WriteAllBytes(Path.Combine(_own, file), File.ReadAllBytes(Path.Combine(fixture, file)));
        Same(_own, 4);
    }

    [Fact]
    public void A_pack_of_another_size_and_one_missing_are_told_by_their_stored_names()
    {
        TinyFamily.Write(_own, Config);
        Pack(_own, 4, tensors =>
        {
            tensors["model.layers.0.mlp.experts.gate_up_proj"] = zeros(4, 24, 32);
            tensors.Remove("model.layers.1.mlp.experts.down_proj");
        });
        var problems = Assert.ThrowsAny<ModelFormatException>(() => DecoderCheckpoint.Load(_own)).Problems;
        Assert.Equal(2, problems.Count);
        Assert.Contains("model.layers.0.mlp.experts.gate_up_proj is [4, 24, 32], config.json implies [4, 48, 32]", problems[0]);
        Assert.Contains("model.layers.1.mlp.experts.down_proj is missing", problems[1]);
    }

    private static void Same(string folder, int experts)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var loose = DecoderCheckpoint.Load(folder);
        Pack(folder, experts, _ => { });
        using var packed = DecoderCheckpoint.Load(folder);
        Assert.Equal(loose.Linears.Select(l => l.Name), packed.Linears.Select(l => l.Name));
        var ids = TinyFamily.Ids(12, loose.Config.VocabSize);
        var expected = loose.Logits(ids, ForwardOptions.Plain);
        Assert.Equal(0, (expected - packed.Logits(ids, ForwardOptions.Plain)).abs().max().item<float>());

        // Saved under the names that every version reads.
        var saved = Directory.CreateDirectory(Path.Combine(folder, "saved")).FullName;
        DecoderCheckpoint.Save(packed, saved);
        using var again = DecoderCheckpoint.Load(saved);
        using var checkpoint = Checkpoint.Open(saved);
        Assert.Contains("model.layers.0.block_sparse_moe.experts.3.w2.weight", checkpoint.Names);
        Assert.Equal(0, (expected - again.Logits(ids, ForwardOptions.Plain)).abs().max().item<float>());
    }

    /// <summary>As the published conversion does it: experts stacked in dimension 0, gate (w1) above up (w3) in dimension 1, the router renamed.</summary>
    private static void Pack(string folder, int experts, Action<Dictionary<string, Tensor>> alter)
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(folder, "model.safetensors");
        var tensors = SafetensorsFile.Load(path).ToDictionary(t => t.Key, t => t.Value.clone());
        for (var layer = 0; tensors.ContainsKey($"model.layers.{layer}.input_layernorm.weight"); layer++)
        {
            var old = $"model.layers.{layer}.block_sparse_moe.";
            var own = $"model.layers.{layer}.mlp.";
            tensors[own + "gate.weight"] = tensors[old + "gate.weight"];
            tensors.Remove(old + "gate.weight");
            tensors[own + "experts.gate_up_proj"] = cat([Stacked("w1"), Stacked("w3")], 1);
            tensors[own + "experts.down_proj"] = Stacked("w2");

            Tensor Stacked(string part)
            {
                Tensor[] all = [.. Enumerable.Range(0, experts).Select(e => tensors[$"{old}experts.{e}.{part}.weight"])];
                for (var e = 0; e < experts; e++) tensors.Remove($"{old}experts.{e}.{part}.weight");
                return stack(all, 0);
            }
        }
        alter(tensors);
        SafetensorsFile.Save(path, tensors);
    }
}
