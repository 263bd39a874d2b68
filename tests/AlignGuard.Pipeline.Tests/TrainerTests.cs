using AlignGuard.Guards.Penalties;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

[Collection(TensorCollection.Name)]
public class TrainerTests
{
    /// <summary>Counted by this thread's dispose scopes: the process-wide count also moves with what other tests leave to the collector.</summary>
    [Fact]
    public void No_tensor_outlives_a_step()
    {
        using var model = Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Dropout = 0.1 }, 1);
        using var trainer = new LoraTrainer(model, adapter, Rows(20), Options());
        trainer.Step(0, null);
        var before = Unscoped();
        for (var step = 1; step < 6; step++) trainer.Step(step, null);
        Assert.Equal(before, Unscoped());

        // Made outside any scope, or let out of one, and not disposed since.
        static (long, long) Unscoped() => (DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>Frozen weights in bfloat16: adapter, optimizer and loss stay float32, and the loss goes the way it goes in float32.</summary>
    [Fact]
    public void Half_precision_trains_as_float32_does()
    {
        var losses = new[] { ScalarType.Float32, ScalarType.BFloat16 }.Select(dtype =>
        {
            using var model = TinyLlama.Model(dtype: dtype);
            using var bases = new TinyBases(model, TinyLlama.Rows(8));
            using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
            Assert.All(adapter.Parameters, p => Assert.Equal(ScalarType.Float32, p.dtype));
            using var guard = new Guard(adapter, bases.ByLayer, new PenaltyOptions { LambdaA = 0.1, LambdaT = 0.001, LambdaNC = 0.001 }, 1);
            using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), Options());
            return Enumerable.Range(0, 20).Select(step => trainer.Step(step, guard).Loss).ToArray();
        }).ToList();
        Assert.True(losses[1][^1] < losses[1][0]);
        for (var step = 0; step < 20; step++) Assert.Equal(losses[0][step], losses[1][step], 0.03);
    }

    [Fact]
    public void A_step_restored_elsewhere_gives_the_same_bits()
    {
        using var model = Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Dropout = 0.1 }, 1);
        using var trainer = new LoraTrainer(model, adapter, Rows(20), Options());
        for (var step = 0; step < 3; step++) trainer.Step(step, null);
        var factors = adapter.Factors().ToDictionary(f => f.Site.Name, f => (f.A, f.B));
        var (moments, steps) = trainer.Optimizer.State();
        for (var step = 3; step < 6; step++) trainer.Step(step, null);

        using var copy = LoraAdapter.From(model, adapter.Spec, (site, isA) => isA ? factors[site.Name].A : factors[site.Name].B);
        using var resumed = new LoraTrainer(model, copy, Rows(20), Options());
        resumed.Optimizer.Restore(moments, steps);
        for (var step = 3; step < 6; step++) resumed.Step(step, null);
        foreach (var (one, other) in adapter.Factors().Zip(copy.Factors()))
        {
            Assert.True(one.A.eq(other.A).all().item<bool>(), one.Site.Name);
            Assert.True(one.B.eq(other.B).all().item<bool>(), one.Site.Name);
        }
    }

    /// <summary>Cancelled after its first micro-batch, a step of four touches nothing that counts, and taken again it is the step it would have been.</summary>
    [Fact]
    public void A_step_broken_off_between_micro_batches_touches_nothing()
    {
        using var model = Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Dropout = 0.1 }, 1);
        using var trainer = new LoraTrainer(model, adapter, Rows(20), Options() with { Accumulate = 4 });
        using var twin = LoraAdapter.Create(model, adapter.Spec, 1);
        using var undisturbed = new LoraTrainer(model, twin, Rows(20), Options() with { Accumulate = 4 });
        using var stop = new CancellationTokenSource();
        trainer.Step(0, null);
        undisturbed.Step(0, null);
        stop.Cancel();
        Assert.Null(trainer.Step(1, null, stop.Token));
        Same();
        trainer.Step(1, null);
        undisturbed.Step(1, null);
        Same();

        void Same() => Assert.All(adapter.Factors().Zip(twin.Factors()), pair => Assert.True(pair.First.A.eq(pair.Second.A).all().item<bool>() && pair.First.B.eq(pair.Second.B).all().item<bool>()));
    }

    /// <summary>Two micro-batches of two rows are one batch of four, whatever the rows' lengths: the loss is normalised by tokens, not by micro-batch.</summary>
    [Fact]
    public void Accumulated_micro_batches_are_one_batch()
    {
        using var model = Model();
        var adapters = new List<LoraAdapter>();
        foreach (var (batch, accumulate) in new[] { (4, 1), (2, 2) })
        {
            var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
            using var trainer = new LoraTrainer(model, adapter, Rows(20), Options() with { Batch = batch, Accumulate = accumulate, Clip = 0 });
            trainer.Step(0, null);
            trainer.Step(1, null);
            adapters.Add(adapter);
        }
        foreach (var (one, other) in adapters[0].Factors().Zip(adapters[1].Factors()))
            Assert.True(allclose(one.B, other.B, rtol: 1e-4, atol: 1e-6), one.Site.Name);
    }

    [Fact]
    public void A_guard_of_no_strength_changes_no_bit_of_a_step()
    {
        var plain = Trained(null);
        var idle = Trained(new PenaltyOptions { LambdaA = 0, LambdaT = 0, LambdaNC = 0 });
        foreach (var (one, other) in plain.Zip(idle)) Assert.True(one.eq(other).all().item<bool>());
    }

    /// <summary>λ_A holds down the part of dW that the bases guard; the rest may move.</summary>
    [Fact]
    public void A_strong_guard_keeps_the_aligned_energy_small()
    {
        using var model = Model();
        using var free = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var held = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        var options = new PenaltyOptions { LambdaA = 10, LambdaT = 0, LambdaNC = 0 };
        using var bases = Bases(model);
        using var watcher = new Guard(free, bases.ByLayer, options, 1);
        using var guard = new Guard(held, bases.ByLayer, options, 1);
        using var freely = new LoraTrainer(model, free, Rows(20), Options());
        using var guarded = new LoraTrainer(model, held, Rows(20), Options());
        StepReport? last = null;
        for (var step = 0; step < 12; step++)
        {
            freely.Step(step, null);
            last = guarded.Step(step, guard);
        }
        using var scope = NewDisposeScope();
        Assert.True(last!.Alignment > 0);
        Assert.True(guard.Evaluate(12).Alignment.item<float>() < 0.2 * watcher.Evaluate(12).Alignment.item<float>());
        Assert.NotEmpty(guard.Cosines());
    }

    [Fact]
    public void No_tensor_outlives_a_guarded_step()
    {
        using var model = Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var bases = Bases(model);
        using var guard = new Guard(adapter, bases.ByLayer, new PenaltyOptions { ErmRows = 4 }, 1);
        using var trainer = new LoraTrainer(model, adapter, Rows(20), Options());
        trainer.Step(0, guard);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var step = 1; step < 5; step++) trainer.Step(step, guard);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>A step whose gradient is not finite touches nothing and is told; its report can be written and read.</summary>
    [Fact]
    public void A_step_that_is_not_finite_is_skipped_and_can_be_reported()
    {
        using var model = Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var trainer = new LoraTrainer(model, adapter, Rows(20), Options());
        trainer.Step(0, null);
        using (no_grad()) adapter.Groups[0].B.fill_(float.PositiveInfinity);
        var moments = trainer.Optimizer.State().Moments["0000.exp_avg"];
        var report = trainer.Step(1, null);
        Assert.True(report.Skipped);
        Assert.True(trainer.Optimizer.State().Moments["0000.exp_avg"].eq(moments).all().item<bool>());
        var read = Assert.Single(AlignGuard.Pipeline.Activities.Measuring.ReadLines<StepReport>(AlignGuard.Pipeline.Activities.Measuring.Lines([report])));
        Assert.Equal(report, read);
    }

    private static List<Tensor> Trained(PenaltyOptions? options)
    {
        using var model = Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var bases = options is null ? null : Bases(model);
        using var guard = options is null ? null : new Guard(adapter, bases!.ByLayer, options, 1);
        using var trainer = new LoraTrainer(model, adapter, Rows(20), Options());
        for (var step = 0; step < 3; step++) trainer.Step(step, guard);
        return [.. adapter.Factors().SelectMany(f => new[] { f.A, f.B })];
    }

    private static TinyBases Bases(DecoderModel model) => new(model, Rows(12));

    [Fact]
    public void Trimming_weighs_a_hard_row_down_and_leaves_the_others()
    {
        using var batch = TokenBatch.Pack(Rows(3), 0, 64, CPU);
        var perRow = new[] { 1f, 1.2f, 30f };
        using var losses = tensor(batch.ResponseTokens.SelectMany((count, n) => Enumerable.Repeat(perRow[n], count)).ToArray());
        var weights = RowTrimming.Weights(losses, batch, 2).data<float>().ToArray();
        var last = batch.ResponseTokens[0] + batch.ResponseTokens[1];
        Assert.All(weights[..last], w => Assert.Equal(1, w));
        Assert.All(weights[last..], w => Assert.Equal(2 * 1.2f / 30, w, 4));
    }

    [Fact]
    public void Every_row_of_an_epoch_is_used_once_and_the_order_depends_on_seed_and_step_alone()
    {
        var order = new RowOrder(10, 4, 3);
        var epoch = Enumerable.Range(0, 5).SelectMany(s => order.Of(s)).ToList();
        Assert.Equal(Enumerable.Range(0, 10), epoch[..10].Order());
        Assert.Equal(Enumerable.Range(0, 10), epoch[10..].Order());
        Assert.Equal(new RowOrder(10, 4, 3).Of(3), order.Of(3));
        Assert.NotEqual(new RowOrder(10, 4, 4).Of(3), order.Of(3));
    }

    [Fact]
    public void The_schedules_warm_up_and_end_where_they_should()
    {
        var linear = new LearningSchedule(1, 10, 110, LearningShape.Linear);
        Assert.Equal(0.1, linear.At(0), 9);
        Assert.Equal(1, linear.At(9), 9);
        Assert.Equal(0.5, linear.At(60), 9);
        Assert.Equal(0.5, new LearningSchedule(1, 0, 100, LearningShape.Cosine).At(50), 9);
        Assert.Equal(1, new LearningSchedule(1, 0, 100, LearningShape.Constant).At(99), 9);
    }

    private static TrainerOptions Options() => new() { Batch = 4, Schedule = new LearningSchedule(1e-2, 0, 100, LearningShape.Constant), MaxLength = 64 };

    private static DecoderModel Model() => TinyLlama.Model();

    private static List<TokenRow> Rows(int count) => TinyLlama.Rows(count);
}
