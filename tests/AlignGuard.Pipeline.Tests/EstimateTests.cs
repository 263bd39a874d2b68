using AlignGuard.Domain.Estimates;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Training;
using AlignGuard.Pipeline.Verification;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using Device = AlignGuard.Domain.Estimates.Device;
using Memory = AlignGuard.Domain.Estimates.Memory;

namespace AlignGuard.Pipeline.Tests;

/// <summary>What <c>model estimate</c> counts, against what there is.</summary>
[Collection(TensorCollection.Name)]
public class EstimateTests
{
    private static readonly string Root = typeof(EstimateTests).Assembly.GetCustomAttributes(false).OfType<System.Reflection.AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;
    private static readonly string Model = Path.Combine(Root, "samples", "models", "aligned-demo");

    [Fact]
    public void Parameters_and_files_of_the_bundled_model_are_counted_to_the_byte()
    {
        var spec = JobFileReader.Read(Path.Combine(Root, "samples", "demo-job.yaml"), []).Spec;
        var folder = ModelFolder.Read(Model);
        using var chat = ChatModel.Load(Model);
        Assert.Equal(chat.Model.ParameterCount, folder.Shape.Parameters);
        Assert.Equal(folder.Shape.Parameters, folder.StoredParameters);

        var lora = new LoraSpec { Rank = spec.Lora.R, Alpha = spec.Lora.Alpha, Targets = ["all-linear"] };
        using var adapter = LoraAdapter.Create(chat.Model, lora, 0);
        using var optimizer = new AdamW(adapter.Parameters, 0, 1);
        var parameters = Memory.loraParameters(folder.Shape, spec.Lora);
        Assert.Equal(adapter.ParameterCount, parameters);
        Assert.Equal(4 * parameters, TensorBytes(PeftAdapter.Tensors(adapter)));
        Assert.Equal(8 * parameters, TensorBytes(optimizer.State().Moments));
    }

    /// <summary>Peak memory of a step, as the process has it, within a factor of two of what is counted: allocators keep some, and buffers of the libraries are their own.</summary>
    [SkippableFact]
    public void A_step_s_peak_is_what_is_counted_within_a_factor_of_two()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peaks are read from /proc");
        const int batch = 32, length = 256;
        using var chat = ChatModel.Load(Model);
        using var adapter = LoraAdapter.Create(chat.Model, new LoraSpec { Rank = 8, Alpha = 16, Targets = ["all-linear"] }, 0);
        var rows = Enumerable.Range(0, batch).Select(n => new TokenRow([.. Enumerable.Range(0, length).Select(t => 5 + (n * 7 + t) % 1000)], [.. Enumerable.Repeat(true, length)])).ToList();
        using var trainer = new LoraTrainer(chat.Model, adapter, rows, new TrainerOptions { Batch = batch, MaxLength = length, Schedule = new LearningSchedule(1e-3, 0, 4, LearningShape.Constant) });
        var spec = JobFileReader.Read(Path.Combine(Root, "samples", "demo-job.yaml"), [$"train.batch={batch}", $"train.seqLen={length}", "method=lora"]).Spec;
        var counted = Memory.stages(ModelFolder.Read(Model).Shape, spec, DeviceModule.known.First(d => d.Name == "t4"), new Lengths(1, length, length, 1))
            .Single(s => s.Stage == "Segment").Parts.Where(p => p.What is "activations" or "logits" or "gradients").Sum(p => p.Bytes);

        GC.Collect();
        var before = Status("VmRSS");
        File.WriteAllText("/proc/self/clear_refs", "5");
        trainer.Step(0, null);
        var grown = Status("VmHWM") - before;
        Assert.True(grown > counted / 2 && grown < counted * 2, $"counted {counted:N0} bytes, grew by {grown:N0}");
    }

    [Fact]
    public void A_Llama_3_8B_job_fits_one_80_GB_GPU_and_not_a_T4()
    {
        var folder = Path.Combine(Root, "samples", "llama3-8b-summarisation");
        var shape = ModelFolder.Read(Path.Combine(folder, "shape")).Shape;
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml"))
        {
            var spec = JobFileReader.Read(file, []).Spec;
            var lengths = new Lengths(128, spec.Train.SeqLen, spec.Train.SeqLen, 1000);
            Assert.True(Of("a100-80").Fits, file);
            Assert.False(Of("t4").Fits, file);
            Assert.Contains("a10", Assert.Single(Of("t4").Changes));

            JobEstimate Of(string gpu) => Estimate.make(shape, spec, DeviceModule.known.First(d => d.Name == gpu), EfficiencyModule.usual, lengths);
        }
    }

    private static long TensorBytes(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var written = new MemoryStream();
        SafetensorsFile.SaveTo(written, tensors);
        // The first eight bytes are the header's length.
        return written.Length - 8 - BitConverter.ToInt64(written.ToArray(), 0);
    }

    private static long Status(string key) => 1024 * long.Parse(File.ReadLines("/proc/self/status").Single(l => l.StartsWith(key + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
}
