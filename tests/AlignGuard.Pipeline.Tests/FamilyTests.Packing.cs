using AlignGuard.Guards.Fisher;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

public sealed partial class FamilyTests
{
    /// <summary>
    /// Every response token has the loss, and every factor of an adapter the gradient, that it has in the padded batch. What would go wrong if tokens saw other rows, or counted on from them, is far larger
    /// than the tolerance: forgetting either is found.
    /// </summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_packed_batch_learns_what_the_padded_one_learns(string name, string config)
    {
        using var scope = NewDisposeScope();
        using var model = Model(config);
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using (no_grad())
        using (var generator = new Generator(2))
            foreach (var group in adapter.Groups) group.B.copy_(randn(group.B.shape, generator: generator) * 0.1);
        var rows = TinyLlama.Rows(9);
        using var padded = TokenBatch.Pack(rows, 0, 64, CPU);
        using var packed = TokenBatch.Pack(rows, 0, 64, CPU, packing: true);
        Assert.True(packed.Ids.shape[0] < padded.Ids.shape[0] && packed.Ids.shape[1] == padded.Ids.shape[1]);

        var (expected, actual) = (Learnt(padded, null), Learnt(packed, packed.Packed));
        Assert.True(Difference(expected, actual) < 1e-5, $"{name}: {Difference(expected, actual)}");
        var seesAll = Learnt(packed, packed.Packed! with { Segments = zeros_like(packed.Packed.Segments) });
        Assert.True(Difference(expected, seesAll) > 1e-3, $"{name}: tokens that see other rows are not found");

        // Rotary positions are relative: where rows see themselves alone, only a learned table tells a row that counts on from one that begins.
        var countsOn = Learnt(packed, packed.Packed with { Positions = arange(packed.Ids.shape[1]).expand(packed.Ids.shape).contiguous() });
        if (model.Config.LearnedPositions) Assert.True(Difference(expected, countsOn) > 1e-3, $"{name}: positions that count on are not found");
        else Assert.True(Difference(expected, countsOn) < 1e-4, $"{name}: {Difference(expected, countsOn)}");

        // The losses [R] and the gradients of all factors, each flat.
        List<Tensor> Learnt(TokenBatch batch, PackedSequences? seen)
        {
            foreach (var parameter in adapter.Parameters) parameter.grad = null;
            var logits = model.LogitsAt(batch.Ids, batch.Predictors, new ForwardOptions { Adapter = adapter, Packed = seen });
            var losses = nn.functional.cross_entropy(logits, batch.Targets, reduction: nn.Reduction.None);
            losses.mean().backward();
            return [losses.detach(), .. adapter.Parameters.Select(p => p.grad is { } g ? g.clone() : zeros_like(p))];
        }

        static double Difference(List<Tensor> one, List<Tensor> other) => one.Zip(other).Max(pair => (pair.First - pair.Second).abs().max().item<float>());
    }

    [Fact]
    public void The_Fisher_refuses_rows_that_share_a_sequence()
    {
        using var model = TinyLlama.Model();
        var e = Assert.Throws<ArgumentException>(() => FisherPass.Run(model, null, model.Linears, [TokenBatch.Pack(TinyLlama.Rows(4), 0, 64, CPU, packing: true)], new FisherOptions()));
        Assert.Contains("not packed", e.Message);
    }

    [Fact]
    public void Packed_rows_have_no_cache_beside_them()
    {
        using var model = TinyLlama.Model();
        using var batch = TokenBatch.Pack(TinyLlama.Rows(4), 0, 64, CPU, packing: true);
        using var cache = model.NewCache(4, 64);
        Assert.Contains("no cache", Assert.Throws<ArgumentException>(() => model.Logits(batch.Ids, new ForwardOptions { Packed = batch.Packed, Cache = cache })).Message);
    }
}
