using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Training;
using FsCheck.Xunit;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>What packing and grouping by length change in training: time, and nothing that is learnt.</summary>
[Collection(TensorCollection.Name)]
public class PackingTests
{
    private static readonly string Root = typeof(PackingTests).Assembly.GetCustomAttributes(false).OfType<System.Reflection.AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    [Property(MaxTest = 300)]
    public bool Rows_do_not_overlap_and_no_sequence_is_longer_than_the_longest_row(FsCheck.NonEmptyArray<FsCheck.PositiveInt> sizes)
    {
        var lengths = sizes.Get.Select(s => s.Get).ToArray();
        var places = SequencePacking.Places(lengths);
        var laid = places.Select((p, row) => (p.Sequence, Begin: p.Offset, End: p.Offset + lengths[row])).GroupBy(p => p.Sequence).ToList();
        // Behind each other without a hole, numbered without a gap; first-fit leaves at most one sequence that is not filled above half.
        return laid.All(s => s.OrderBy(p => p.Begin).Aggregate(0, (end, p) => p.Begin == end ? p.End : -1) is var last && last > 0 && last <= lengths.Max())
            && laid.Select(s => s.Key).Order().SequenceEqual(Enumerable.Range(0, laid.Count))
            && laid.Count(s => 2 * s.Max(p => p.End) <= lengths.Max()) <= 1;
    }

    /// <summary>Steps, accumulated or not, guard's row weights included: packed they take the adapter where padded ones take it.</summary>
    [Theory]
    [InlineData(8, 1, 0)]
    [InlineData(4, 2, 0)]
    [InlineData(8, 1, 1.05)]
    [InlineData(4, 2, 1.05)]
    public void Packed_steps_are_the_padded_steps(int batch, int accumulate, double trimAt)
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        var options = Options() with { Batch = batch, Accumulate = accumulate, TrimAt = trimAt };
        using var padded = Trained(model, options, 3, out var expected);
        using var packed = Trained(model, options with { Packing = true }, 3, out var actual);
        foreach (var (one, other) in expected.Zip(actual)) Assert.Equal(one.Loss, other.Loss, 1e-5);
        foreach (var (one, other) in padded.Factors().Zip(packed.Factors())) Assert.True(allclose(one.B, other.B, rtol: 1e-3, atol: 1e-5), one.Site.Name);
    }

    /// <summary>Two packed micro-batches of four rows are one packed batch of eight: the loss is normalised by the tokens of all.</summary>
    [Fact]
    public void Accumulated_packed_micro_batches_are_one_batch()
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        using var whole = Trained(model, Options() with { Batch = 8, Packing = true }, 2, out var one);
        using var parts = Trained(model, Options() with { Batch = 4, Accumulate = 2, Packing = true }, 2, out var two);
        foreach (var (a, b) in one.Zip(two)) Assert.Equal(a.Loss, b.Loss, 1e-5);
        foreach (var (a, b) in whole.Factors().Zip(parts.Factors())) Assert.True(allclose(a.B, b.B, rtol: 1e-3, atol: 1e-5), a.Site.Name);
    }

    /// <summary>Adapter and optimizer handed over in the middle of an epoch: the steps after are those of the run that was not interrupted, to the bit.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_step_restored_elsewhere_gives_the_same_bits(bool packing, bool groupByLength)
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        var options = Options() with { Batch = 3, Packing = packing, GroupByLength = groupByLength };
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Dropout = 0.1 }, 1);
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), options);
        for (var step = 0; step < 9; step++) trainer.Step(step, null);
        var factors = adapter.Factors().ToDictionary(f => f.Site.Name, f => (A: f.A.clone(), B: f.B.clone()));
        var (moments, steps) = trainer.Optimizer.State();
        for (var step = 9; step < 14; step++) trainer.Step(step, null);

        using var copy = LoraAdapter.From(model, adapter.Spec, (site, isA) => isA ? factors[site.Name].A : factors[site.Name].B);
        using var resumed = new LoraTrainer(model, copy, TinyLlama.Rows(20), options);
        resumed.Optimizer.Restore(moments, steps);
        for (var step = 9; step < 14; step++) resumed.Step(step, null);
        foreach (var (one, other) in adapter.Factors().Zip(copy.Factors()))
            Assert.True(one.A.eq(other.A).all().item<bool>() && one.B.eq(other.B).all().item<bool>(), one.Site.Name);
    }

    /// <summary>Whatever the counts: each epoch uses every row once, and a step asked for alone is the step of the sequence.</summary>
    [Property(MaxTest = 200)]
    public bool Grouped_every_row_of_an_epoch_is_used_once_and_a_step_depends_on_seed_and_step_alone(FsCheck.PositiveInt count, FsCheck.PositiveInt micro, FsCheck.PositiveInt more, int seed)
    {
        var (rows, batch, accumulate) = (count.Get, 1 + micro.Get % 9, 1 + more.Get % 3);
        var lengths = Enumerable.Range(0, rows).Select(r => 1 + r * 7919 % 101).ToArray();
        var perStep = batch * accumulate;
        var steps = (2 * rows + perStep - 1) / perStep + 1;
        var order = New();
        var drawn = Enumerable.Range(0, steps).SelectMany(s => order.Of(s)).ToArray();
        return drawn[..rows].Order().SequenceEqual(Enumerable.Range(0, rows)) && drawn[rows..(2 * rows)].Order().SequenceEqual(Enumerable.Range(0, rows))
            && New().Of(steps - 1).SequenceEqual(drawn[^perStep..]);

        RowOrder New() => new(rows, perStep, seed, new LengthGroups(lengths, batch, seed));
    }

    /// <summary>Also where epochs end within a micro-batch: padding falls to a small part of what chance gives, and another epoch brings other rows together.</summary>
    [Fact]
    public void Grouped_rows_need_little_padding_and_meet_others_in_another_epoch()
    {
        const int Rows = 1001, Batch = 8;
        var random = Models.Numerics.Seeds.Host(3, "lengths");
        var lengths = Enumerable.Range(0, Rows).Select(_ => 1 + random.NextInt(500)).ToArray();
        var grouped = Batches(new LengthGroups(lengths, Batch, 1));
        Assert.True(Padding(grouped) < 0.1 * Padding(Batches(null)), $"{Padding(grouped)} of {Padding(Batches(null))}");
        var perEpoch = Rows / Batch;
        var first = grouped[..perEpoch].Select(Key).ToHashSet();
        Assert.True(grouped[perEpoch..].Count(b => first.Contains(Key(b))) < perEpoch / 10);
        // Not from short to long: the lengths of neighbouring micro-batches are unrelated.
        var means = grouped[..perEpoch].Select(b => b.Average(r => lengths[r])).ToArray();
        Assert.InRange(means.Zip(means.Skip(1)).Count(p => p.First < p.Second), perEpoch / 3, 2 * perEpoch / 3);

        List<int[]> Batches(LengthGroups? groups)
        {
            var order = new RowOrder(Rows, Batch, 1, groups);
            return [.. Enumerable.Range(0, 2 * Rows / Batch).Select(s => order.Of(s))];
        }

        long Padding(List<int[]> batches) => batches.Sum(b => b.Sum(r => (long)b.Max(o => lengths[o]) - lengths[r]));

        static string Key(int[] batch) => string.Join(' ', batch.Order());
    }

    /// <summary>The figures of docs/batches.md: tokens computed for one token of data, at lengths that are spread as those of chats are (log-normal, the longest a multiple of the median).</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(32)]
    public void Tokens_computed_are_as_documented(int batch)
    {
        var random = Models.Numerics.Seeds.Host(3, "lengths");
        var lengths = Enumerable.Range(0, 4096).Select(_ => Math.Clamp((int)(150 * Math.Exp(0.8 * Normal())), 8, 2048)).ToArray();
        double tokens = lengths.Sum();
        var (plain, groups) = (Batches(null), Batches(new LengthGroups(lengths, batch, 1)));
        var row = FormattableString.Invariant($"| {batch} | {plain.Sum(Padded) / tokens:f1} | {groups.Sum(Padded) / tokens:f1} | {plain.Sum(Packed) / tokens:f1} |");
        Assert.Contains(row, File.ReadAllText(Path.Combine(Root, "docs", "batches.md")));

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

        List<int[]> Batches(LengthGroups? by)
        {
            var order = new RowOrder(lengths.Length, batch, 1, by);
            return [.. Enumerable.Range(0, lengths.Length / batch).Select(s => order.Of(s).Select(r => lengths[r]).ToArray())];
        }

        static long Padded(int[] rows) => (long)rows.Length * rows.Max();

        static long Packed(int[] rows) => (long)(SequencePacking.Places(rows).Max(p => p.Sequence) + 1) * rows.Max();
    }

    [Fact]
    public void Rows_with_a_source_are_not_packed_and_told_why()
    {
        var row = new TokenRow([1, 2, 3], [true, true, true]) { Source = [4, 5] };
        var e = Assert.Throws<UserFaultException>(() => TokenBatch.Pack([row, row], 0, 64, CPU, packing: true));
        Assert.Contains("a source of its own", e.Message);
    }

    [Fact]
    public void No_tensor_outlives_a_packed_step()
    {
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), Options() with { Packing = true });
        trainer.Step(0, null);
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (var step = 1; step < 5; step++) trainer.Step(step, null);
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    /// <summary>What else the adapter may be: its update is a function of a token's own input, wherever the token lies.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 16)]
    public void DoRA_and_LoRA_plus_pack_as_well(bool dora, double lrRatio)
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        var (spec, options) = (new LoraSpec { Rank = 2, Dora = dora }, Options() with { Batch = 8, LrRatio = lrRatio });
        using var padded = Trained(model, options, 3, out var expected, spec);
        using var packed = Trained(model, options with { Packing = true }, 3, out var actual, spec);
        foreach (var (one, other) in expected.Zip(actual)) Assert.Equal(one.Loss, other.Loss, 1e-5);
        foreach (var (one, other) in padded.Parameters.Zip(packed.Parameters)) Assert.True(allclose(one, other, rtol: 1e-3, atol: 1e-4));
    }

    private static LoraAdapter Trained(Models.Networks.LanguageModel model, TrainerOptions options, int steps, out List<StepReport> reports, LoraSpec? spec = null)
    {
        var adapter = LoraAdapter.Create(model, spec ?? new LoraSpec { Rank = 2 }, 1);
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), options);
        reports = [.. Enumerable.Range(0, steps).Select(step => trainer.Step(step, null))];
        return adapter;
    }

    private static TrainerOptions Options() => new() { Batch = 4, Schedule = new LearningSchedule(1e-2, 0, 100, LearningShape.Constant), MaxLength = 64, Clip = 0 };
}
