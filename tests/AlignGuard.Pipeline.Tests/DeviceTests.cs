using System.Diagnostics.Metrics;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Penalties;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>
/// What is computed is computed where the model is. Without a GPU the <c>meta</c> device stands for one where it can: it has shapes and no numbers, and refuses any operation with a tensor that was left behind on
/// the processor. The native library lacks such kernels for rows by index and absolute values, so a whole step needs the GPU itself.
/// </summary>
[Collection(TensorCollection.Name)]
public class DeviceTests
{
    private static readonly LoraSpec Lora = new() { Rank = 2, Dropout = 0.1 };

    [Theory]
    [InlineData(FisherForm.Dense)]
    [InlineData(FisherForm.Sketch)]
    public void No_tensor_of_a_Fisher_estimate_is_left_on_the_processor(FisherForm form)
    {
        using var scope = NewDisposeScope();
        using var model = TinyLlama.Model(META);
        var site = model.Linears[0];
        using var factors = new FisherFactors(site, new FisherOptions { Form = form, SketchSize = 8 }, model.Device);
        factors.Add(ones(3, 5, site.In, device: META), ones(3, 5, site.Out, device: META));
        Assert.Equal((DeviceType.META, DeviceType.META), (factors.Out.Diagonal().device_type, factors.In.Diagonal().device_type));
    }

    [SkippableFact]
    [Trait("Category", "Gpu")]
    public void A_GPU_trains_as_the_processor_does()
    {
        Skip.IfNot(ComputeDevice.Open("auto").type == DeviceType.CUDA, "Gpu: there is none, or this build computes on the processor only (-p:Torch=cuda).");
        var losses = new[] { CPU, ComputeDevice.Open("cuda") }.Select(device =>
        {
            using var model = TinyLlama.Model(device);
            using var bases = new TinyBases(model, TinyLlama.Rows(8));
            // Dropout draws from the device's own generator.
            using var adapter = LoraAdapter.Create(model, Lora with { Dropout = 0 }, 1);
            using var guard = new Guard(adapter, bases.ByLayer, new PenaltyOptions { LambdaA = 1, LambdaT = 0.1, LambdaNC = 0.1 }, 1);
            using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), new TrainerOptions { Schedule = new LearningSchedule(5e-3, 0, 20, LearningShape.Constant), MaxLength = 64, Seed = 3 });
            return Enumerable.Range(0, 20).Select(step => trainer.Step(step, guard).Loss).ToArray();
        }).ToList();
        for (var step = 0; step < 20; step++) Assert.Equal(losses[0][step], losses[1][step], 1e-3);
    }

    [Theory]
    [InlineData("gpu", "not known")]
    [InlineData("cuda:x", "not known")]
    [InlineData("cuda:-1", "not known")]
    public void What_is_no_device_is_refused(string wanted, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserFaultException>(() => ComputeDevice.Open(wanted)).Message);

    [SkippableFact]
    public void A_GPU_that_is_not_there_is_refused_with_what_to_do()
    {
        Skip.If(ComputeDevice.Open("auto").type == DeviceType.CUDA, "Gpu: there is one.");
        Assert.Equal(DeviceType.CPU, ComputeDevice.Open("auto").type);
        Assert.Contains("--device cpu", Assert.Throws<UserFaultException>(() => ComputeDevice.Open("cuda")).Message);
    }

    [Fact]
    public void Checks_and_time_on_a_GPU_are_measured_by_run()
    {
        var seen = new List<(string Name, double Value, string Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == RunMetrics.Name) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            var text = string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
            if (text.Contains("measured-run", StringComparison.Ordinal)) lock (seen) seen.Add((instrument.Name, value, text));
        });
        listener.Start();
        RunMetrics.Checked("measured-run", new DriftSummary(0.9, 0.1, null, null, 2.5, double.NaN, ""));
        RunMetrics.Worked("measured-run", "segment", CPU, 5);
        RunMetrics.Worked("measured-run", "segment", new Device(DeviceType.CUDA, 0), 7);
        Assert.Equal(
        [
            ("alignguard.drift.unsafe_refused", 0.9, "run=measured-run"), ("alignguard.drift.safe_refused", 0.1, "run=measured-run"), ("alignguard.drift.margin", 2.5, "run=measured-run"),
            ("alignguard.gpu.seconds", 7, "run=measured-run activity=segment"),
        ], seen);
    }
}
