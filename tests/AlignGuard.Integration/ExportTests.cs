using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>What a run published leaves the store: as an adapter for peft, and as a whole model.</summary>
public class ExportTests
{
    [Fact]
    public async Task A_published_adapter_is_exported_merged_and_refused_for_another_base()
    {
        using var job = new TinyJob();
        var run = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. TinyJob.Accepted, "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);

        var peft = Path.Combine(job.Folder, "peft");
        var exported = await AlignGuardProcess.RunAsync("export", "tiny", "--out", peft, "--store", job.Store("store"));
        Assert.True(exported.ExitCode == 0, exported.Error);
        Assert.Equal(["README.md", "adapter_config.json", "adapter_model.safetensors", "base_model.json"], Directory.GetFiles(peft).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        var whole = Path.Combine(job.Folder, "whole");
        var merged = await AlignGuardProcess.RunAsync("export", "tiny", "--merged", "--out", whole, "--store", job.Store("store"), "--json");
        Assert.True(merged.ExitCode == 0, merged.Error);
        var report = JsonDocument.Parse(merged.Output).RootElement;
        Assert.InRange(report.GetProperty("difference").GetDouble(), 0, 1e-4);
        Assert.Equal(Directory.GetFiles(job.Model).Select(Path.GetFileName).Order(StringComparer.Ordinal), Directory.GetFiles(whole).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("library_name: transformers", File.ReadAllText(Path.Combine(whole, "README.md")));
        var info = await AlignGuardProcess.RunAsync("model", "info", whole);
        Assert.True(info.ExitCode == 0, info.Error);

        // The merged model is another base: everything that tells them apart is said, and nothing is written.
        var nowhere = Path.Combine(job.Folder, "nowhere");
        var refused = await AlignGuardProcess.RunAsync("export", "tiny", "--merged", "--model", whole, "--out", nowhere, "--store", job.Store("store"));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("was trained on a base model with sha-256", refused.Error);
        Assert.False(Directory.Exists(nowhere));

        var full = await AlignGuardProcess.RunAsync("export", peft, "--out", whole);
        Assert.Equal((2, true), (full.ExitCode, full.Error.Contains("is not empty")));
        var unknown = await AlignGuardProcess.RunAsync("export", "nobody", "--out", nowhere, "--store", job.Store("store"));
        Assert.Equal((2, true), (unknown.ExitCode, unknown.Error.Contains("Nothing is published as 'nobody'")));
    }

    [Fact]
    public async Task An_adapter_of_another_shape_is_refused_with_every_mismatch()
    {
        using var job = new TinyJob();
        var run = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. TinyJob.Accepted]);
        Assert.True(run.ExitCode == 0, run.Error);
        var other = Path.Combine(job.Folder, "other");
        TinyFamily.Make(other, """{ "model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256 }""");
        var refused = await AlignGuardProcess.RunAsync("export", "tiny", "--merged", "--model", other, "--out", Path.Combine(job.Folder, "nowhere"), "--store", job.Store("store"));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("sha-256", refused.Error);
        Assert.Contains("layers.0.self_attn.q_proj.lora_A.weight is [4, 128], expected [4, 32]", refused.Error);
        Assert.Contains("layers.3.mlp.down_proj.lora_B.weight fits no target layer", refused.Error);
    }
}
