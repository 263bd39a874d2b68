using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Llama2c;
using AlignGuard.Models.Tokenizers;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Models.Tests.Llama2c;

/// <summary>An imported model computes what llama2.c computes with the file, to the reorderings between the two layouts; no data from outside is needed.</summary>
[Collection(TensorCollection.Name)]
public sealed class ImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Logits_are_those_of_the_file(bool tied)
    {
        var sample = new Llama2cSample(tied);
        var folder = Import(sample.Checkpoint(), Llama2cSample.Tokenizer());
        int[] ids = [1, 260, 7, 259, 261, 200, 33, 260];
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var model = DecoderCheckpoint.Load(folder);
        Assert.Equal(tied, model.Config.TieWordEmbeddings);
        Assert.Equal(Llama2cSample.Positions, model.Config.MaxPositions);
        var logits = model.Logits(tensor(ids.Select(id => (long)id).ToArray()).view(1, ids.Length), ForwardOptions.Plain).squeeze(0).to(ScalarType.Float64);
        double[][] actual = [.. logits.data<double>().ToArray().Chunk(Llama2cSample.Vocabulary)];
        var difference = sample.Logits(ids).Zip(actual, (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max()).Max();
        Assert.True(difference < 1e-4, $"{difference}");
    }

    [Fact]
    public void The_tokenizer_has_bytes_and_merges()
    {
        var tokenizer = HfTokenizer.Load(Import(new Llama2cSample(true).Checkpoint(), Llama2cSample.Tokenizer()));
        Assert.Equal([261, 260, 3 + 'b', 259], tokenizer.Encode("aab "));
        Assert.Equal("aab ", tokenizer.Decode(tokenizer.Encode("aab ")));
        Assert.Null(tokenizer.ChatTemplate);
    }

    [Fact]
    public void What_is_refused_leaves_no_folder()
    {
        var bytes = new Llama2cSample(true).Checkpoint();
        Assert.Equal(Llama2cFault.Truncated, Assert.Throws<Llama2cException>(() => Import(bytes[..^4], Llama2cSample.Tokenizer())).Fault);
        Assert.Equal(Llama2cFault.Truncated, Assert.Throws<Llama2cException>(() => Import(bytes, Llama2cSample.Tokenizer()[..^1])).Fault);
        Assert.False(Directory.Exists(_folder.File("out")));
    }

    private string Import(byte[] checkpoint, byte[] tokenizer)
    {
        File.WriteAllBytes(_folder.File("model.bin"), checkpoint);
        File.WriteAllBytes(_folder.File("tokenizer.bin"), tokenizer);
        Llama2cImport.Run(_folder.File("model.bin"), _folder.File("tokenizer.bin"), _folder.File("out"));
        return _folder.File("out");
    }
}
