using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>A model of two layers with random weights, and rows of random tokens for it.</summary>
internal static class TinyLlama
{
    private static readonly DecoderConfig Config = new()
    {
        VocabSize = 64, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KvHeads = 2, HeadDim = 8, TieWordEmbeddings = true, MaxPositions = 64,
    };

    public static DecoderModel Model(Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        using var generator = new Generator(1);
        using var scope = NewDisposeScope();
        return new DecoderModel(Config, DecoderShapes.Of(Config).ToDictionary(t => t.Name, t => t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.1).ToDictionary(t => t.Key, t => t.Value.to(dtype).to(device ?? CPU)));
    }

    public static List<TokenRow> Rows(int count)
    {
        var random = Seeds.Host(5, "rows");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var length = 6 + random.NextInt(10);
            return new TokenRow([.. Enumerable.Range(0, length).Select(_ => random.NextInt(64))], [.. Enumerable.Range(0, length).Select(t => t >= 3)]);
        })];
    }
}

/// <summary>Two-sided bases of every adapted layer, from a Fisher pass over rows.</summary>
internal sealed class TinyBases : IDisposable
{
    public TinyBases(LanguageModel model, IReadOnlyList<TokenRow> rows)
    {
        var factors = FisherPass.Run(model, null, [.. model.Linears.SkipLast(1)], [TokenBatch.Pack(rows, 0, 64, model.Device)], new FisherOptions());
        ByLayer = factors.ToDictionary(f => f.Site.Name, f =>
        {
            using var _ = f;
            using var output = EigenSide.Of(f.Out, f.Examples, 8, f.Site.Name);
            using var input = EigenSide.Of(f.In, f.Examples, 8, f.Site.Name);
            return LayerBasis.Create(f.Site.Name, ProjectorKind.TwoSided, output, input, new RankBounds(4, 8, 0.8));
        });
    }

    public IReadOnlyDictionary<string, LayerBasis> ByLayer { get; }

    public void Dispose()
    {
        foreach (var basis in ByLayer.Values) basis.Dispose();
    }
}
