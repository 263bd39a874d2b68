using System.Runtime.InteropServices;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests.Activities;

/// <summary>A device without room: the tensor library's own sentence, thrown where it would be.</summary>
[Collection(TensorCollection.Name)]
public class OutOfMemoryTests
{
    private static readonly TrainerOptions Options = new() { Batch = 8, Accumulate = 2, Schedule = new LearningSchedule(1e-2, 0, 20, LearningShape.Constant), MaxLength = 64, Seed = 3 };

    /// <summary>Two micro-batches of eight become sixteen of one, then two …: the same rows, the same update.</summary>
    [Theory]
    [InlineData(5, 4)]
    [InlineData(3, 2)]
    [InlineData(1, 1)]
    public void Halved_micro_batches_make_the_same_update(int room, int expected)
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        using var whole = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var halved = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var free = new LoraTrainer(model, whole, TinyLlama.Rows(20), Options);
        var told = new List<string>();
        using var tight = new LoraTrainer(model, halved, TinyLlama.Rows(20), Options)
        {
            Told = told.Add,
            Computing = rows => { if (rows > room) throw new ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1.1 GiB is free."); },
        };
        for (var step = 0; step < 3; step++) Assert.Equal(free.Step(step, null).Loss, tight.Step(step, null).Loss, 1e-5);
        Assert.Equal(expected, tight.MicroBatch);
        Assert.Equal(Math.Log2(8.0 / expected), told.Count);
        foreach (var (a, b) in whole.Factors().Zip(halved.Factors()))
        {
            Assert.True((a.A - b.A).abs().max().item<float>() < 1e-4, a.Site.Name);
            Assert.True((a.B - b.B).abs().max().item<float>() < 1e-4, a.Site.Name);
        }
    }

    /// <summary>Before AdamW, which makes much of a gradient near nothing: the sum over the step's tokens is the same.</summary>
    [Fact]
    public void Halved_micro_batches_have_the_same_gradient()
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using (no_grad()) foreach (var group in adapter.Groups) group.B.fill_(0.01);
        var (whole, halved) = (Gradients(int.MaxValue), Gradients(3));
        foreach (var (a, b) in whole.Zip(halved)) Assert.InRange((a - b).abs().max().item<float>(), 0, 1e-6 * Math.Max(1, a.abs().max().item<float>()));
        Assert.Contains(whole, g => g.abs().max().item<float>() > 1e-3);

        List<Tensor> Gradients(int room)
        {
            // At a rate of nothing a step leaves the weights and its gradients.
            using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), Options with { Schedule = new LearningSchedule(0, 0, 20, LearningShape.Constant), Clip = 0 })
            {
                Computing = rows => { if (rows > room) throw new ExternalException("CUDA out of memory."); },
            };
            trainer.Step(0, null);
            Assert.Equal(room == 3 ? 2 : 8, trainer.MicroBatch);
            return [.. adapter.Parameters.Select(p => p.grad!.clone())];
        }
    }

    [Fact]
    public void What_does_not_fit_row_by_row_is_a_typed_failure_that_says_what_to_do()
    {
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), Options) { Computing = _ => throw new ExternalException("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.") };
        var fault = Assert.Throws<DeviceOutOfMemoryException>(() => trainer.Step(0, null));
        Assert.Contains("train.checkpointing", fault.Message);
        Assert.Equal(1, trainer.MicroBatch);
    }

    [Fact]
    public void Other_faults_are_not_taken_for_it()
    {
        using var model = TinyLlama.Model();
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), Options) { Computing = _ => throw new ExternalException("CUDA error: device-side assert triggered") };
        Assert.Throws<ExternalException>(() => trainer.Step(0, null));
        Assert.Equal(8, trainer.MicroBatch);
    }
}
