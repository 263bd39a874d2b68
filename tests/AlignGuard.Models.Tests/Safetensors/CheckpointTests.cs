using System.Text.Json;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Models.Tests.Safetensors;

public class CheckpointTests
{
    [Fact]
    public void ShardsReadAsOneMap()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Shard(folder, "model-00001-of-00002.safetensors", "a", "b");
        Shard(folder, "model-00002-of-00002.safetensors", "c");
        Index(folder, ("a", "model-00001-of-00002.safetensors"), ("b", "model-00001-of-00002.safetensors"), ("c", "model-00002-of-00002.safetensors"));
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["a", "b", "c"], checkpoint.Names);
        Assert.Equal(2, checkpoint.Files.Count);
        Assert.Equal((double)'c', checkpoint.Read("c").sum().ToDouble());
        Assert.Null(checkpoint.FirstNonFinite());
        Assert.Equal(SafetensorsFault.TensorMissing, Assert.Throws<SafetensorsException>(() => checkpoint.Read("d")).Fault);
    }

    [Fact]
    public void AllMissingShardsAndTensorsAreListedTogether()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Shard(folder, "s1.safetensors", "a", "stray");
        Index(folder, ("a", "s1.safetensors"), ("b", "s1.safetensors"), ("c", "s2.safetensors"), ("d", "s3.safetensors"));
        var problems = Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path)).Problems;
        Assert.Equal(4, problems.Count);
        Assert.Contains(problems, p => p.Contains("s2.safetensors") && p.Contains("does not exist"));
        Assert.Contains(problems, p => p.Contains("s3.safetensors") && p.Contains("does not exist"));
        Assert.Contains(problems, p => p.Contains("'b' is missing"));
        Assert.Contains(problems, p => p.Contains("'stray' is not placed there"));
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("sub/x.safetensors")]
    [InlineData("..\\x.safetensors")]
    [InlineData("C:x.safetensors")]
    [InlineData("..%2fx.safetensors")]
    [InlineData("x.safetensors\0.safetensors")]
    [InlineData(".safetensors")]
    [InlineData("pytorch_model.bin")]
    [InlineData("")]
    public void AShardNameNeverLeavesTheFolder(string shard)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Index(folder, ("a", shard));
        var fault = Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path));
        Assert.Contains("weight_map.a", fault.Message);
        Assert.Contains("without any path", fault.Message);
    }

    [Theory]
    [InlineData("{}", "weight_map")]
    [InlineData("""{"weight_map":{}}""", "no tensor")]
    [InlineData("""{"weight_map":{"a":1}}""", "must be a string")]
    [InlineData("""{"weight_map":[]}""", "must be an object")]
    [InlineData("""{"weight_map":{"a":"x.safetensors",""", "index.json:1: not valid JSON")]
    [InlineData("""{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}""", "not valid JSON")]
    public void ADamagedIndexIsRefused(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write(Checkpoint.IndexFile, json);
        Assert.Contains(expected, Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path)).Message);
    }

    [Fact]
    public void AFolderWithoutSafetensorsSaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("download", Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path)).Message);
        folder.Write("pytorch_model.bin", "");
        Assert.Contains("pickle", Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.Path)).Message);
        Assert.Contains("is no folder", Assert.Throws<ModelFormatException>(() => Checkpoint.Open(folder.File("absent"))).Message);
    }

    [SkippableFact]
    public void ASingleFileReadsLikeShards()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(Path.Combine(SharedFolder.Get("fixtures"), "llama"));
        Assert.True(checkpoint.Contains("model.embed_tokens.weight"));
        Assert.Equal(2, checkpoint.Info("model.embed_tokens.weight").Shape.Length);
    }

    private static void Shard(TemporaryFolder folder, string file, params string[] names) =>
        SafetensorsFile.Save(folder.File(file), names.ToDictionary(n => n, n => full(1, (int)n[0], dtype: ScalarType.Float32)));

    private static void Index(TemporaryFolder folder, params (string Tensor, string File)[] map) =>
        folder.Write(Checkpoint.IndexFile, JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map.ToDictionary(m => m.Tensor, m => m.File) }));
}
