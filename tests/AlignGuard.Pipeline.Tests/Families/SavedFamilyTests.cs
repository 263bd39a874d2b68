using AlignGuard.Models;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests.Families;

/// <summary>A model that is saved is the one that was loaded: its family, its configuration, its numbers; what cannot be written so is refused.</summary>
[Collection(TensorCollection.Name)]
public sealed class SavedFamilyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-saved-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(FamilyTests.Families), MemberType = typeof(FamilyTests))]
    public void A_saved_model_is_the_model(string name, string config)
    {
        var source = Directory.CreateDirectory(Path.Combine(_folder, "source")).FullName;
        TinyFamily.Write(source, config);
        Same(source, name);
    }

    /// <summary>Decoders: an encoder-decoder is only written as it was loaded.</summary>
    public static TheoryData<string, string> Fixtures
    {
        get
        {
            var decoders = new TheoryData<string, string>();
            foreach (var row in ReferenceCheckTests.Cases.Where(r => (string)r[0] != "t5")) decoders.Add((string)row[0], (string)row[1]);
            return decoders;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Fixtures))]
    public void A_saved_reference_checkpoint_is_the_checkpoint(string fixture, string config)
    {
        var folder = Path.Combine(SharedFixtures.Folder(), fixture);
        var source = Directory.CreateDirectory(Path.Combine(_folder, "source")).FullName;
        File.WriteAllBytes(Path.Combine(source, "config.json"), File.ReadAllBytes(Path.Combine(folder, config)));
        File.WriteAllBytes(Path.Combine(source, "model.safetensors"), File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Same(source, fixture);
        // Names and shapes of the published layout, too: what transformers opened, it opens again.
        using var was = Checkpoint.Open(source);
        using var now = Checkpoint.Open(Path.Combine(_folder, "saved"));
        Assert.Equal(was.Names, now.Names);
        Assert.Equal(Shapes(was), Shapes(now));

        static IEnumerable<string> Shapes(Checkpoint checkpoint) => checkpoint.Names.Select(n => $"{n} {string.Join(',', checkpoint.Info(n).Shape)}");
    }

    [Theory]
    [InlineData("torch_dtype")]
    [InlineData("dtype")]
    public void The_stored_type_is_said_under_the_file_s_own_key(string key)
    {
        using var model = TinyFamily.Open(_folder, $$"""{ "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "{{key}}": "float32" }""");
        DecoderCheckpoint.Save(model, _folder, ScalarType.BFloat16);
        var text = File.ReadAllText(Path.Combine(_folder, "config.json"));
        Assert.Contains($"\"{key}\": \"bfloat16\"", text);
        Assert.Equal(1, System.Text.RegularExpressions.Regex.Count(text, "dtype"));
        using var checkpoint = Checkpoint.Open(_folder);
        using var stored = checkpoint.Read("model.norm.weight");
        Assert.Equal(ScalarType.BFloat16, stored.dtype);
    }

    [Fact]
    public void A_configuration_altered_after_it_was_read_is_refused_and_nothing_is_written()
    {
        using var model = TinyFamily.Open(_folder, """{ "model_type": "gemma2", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "head_dim": 8 }""");
        var fault = Assert.ThrowsAny<ModelFormatException>(() => ModelConfigFile.Write(model.Config with { MaxPositions = 7, LogitSoftcap = null }));
        Assert.Contains("LogitSoftcap, MaxPositions would be read back otherwise", fault.Message);
    }

    /// <summary>Made here and not read: only a Llama can be described.</summary>
    [Fact]
    public void Another_family_is_not_written_as_a_Llama()
    {
        var llama = new DecoderConfig { VocabSize = 64, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KvHeads = 2, HeadDim = 8, EosIds = [5, 6], Rope = new RopeConfig { Theta = 777 } };
        Assert.Empty(ConfigComparison.Differences(llama, Read(ModelConfigFile.Write(llama))));
        Assert.Contains("QkNorm", Assert.ThrowsAny<ModelFormatException>(() => ModelConfigFile.Write(llama with { QkNorm = true })).Message);
        Assert.Contains("Experts", Assert.ThrowsAny<ModelFormatException>(() => ModelConfigFile.Write(llama with { Experts = 4, ExpertsPerToken = 2 })).Message);
        Assert.Contains("Window", Assert.ThrowsAny<ModelFormatException>(() => ModelConfigFile.Write(llama with { Window = _ => 8 })).Message);
        var yarn = llama with { Rope = new RopeConfig { Type = "yarn", Factor = 4, OriginalMaxPositions = 512, BetaFast = 16, Truncate = false, Mscale = (2, 3) }, MaxPositions = 2048 };
        Assert.Empty(ConfigComparison.Differences(yarn, Read(ModelConfigFile.Write(yarn))));
        var longer = llama with { Rope = new RopeConfig { Type = "longrope", Factor = 4, OriginalMaxPositions = 512, ShortFactors = [1, 1, 1.5, 2], LongFactors = [1, 2, 3, 4], AttentionFactor = 1.1 }, MaxPositions = 2048 };
        Assert.Empty(ConfigComparison.Differences(longer, Read(ModelConfigFile.Write(longer))));
    }

    private DecoderConfig Read(string text)
    {
        var path = Path.Combine(_folder, "read.json");
        File.WriteAllText(path, text);
        return ModelConfigFile.Load(path);
    }

    private void Same(string source, string name)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var saved = Path.Combine(_folder, "saved");
        using var was = DecoderCheckpoint.Load(source);
        DecoderCheckpoint.Save(was, saved);
        using var now = DecoderCheckpoint.Load(saved);
        Assert.Empty(ConfigComparison.Differences(was.Config, now.Config));
        Assert.Equal(was.Weights.Keys, now.Weights.Keys);
        var ids = TinyFamily.Ids(12, was.Config.VocabSize);
        Assert.True((was.Logits(ids, ForwardOptions.Plain) - now.Logits(ids, ForwardOptions.Plain)).abs().max().item<float>() == 0, name);
    }
}
