using System.Runtime.InteropServices;
using AlignGuard.Domain.Estimates;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Tests.Families;
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
    // What is freed goes back to the system at once (M_MMAP_THRESHOLD), before any test of this class: else the process's size tells of its past.
    private static readonly int Returned = OperatingSystem.IsLinux() ? MallOpt(-3, 1 << 16) : 0;

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

    public static TheoryData<string, string> Families => new()
    {
        { "llama", """{ "model_type": "llama", "vocab_size": 512, "hidden_size": 128, "intermediate_size": 344, "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 2, "attention_bias": true }""" },
        { "gpt2", """{ "model_type": "gpt2", "vocab_size": 512, "n_embd": 128, "n_layer": 6, "n_head": 4, "n_positions": 256 }""" },
        { "mixtral", """{ "model_type": "mixtral", "vocab_size": 512, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 8, "num_experts_per_tok": 2 }""" },
        { "gemma2", """{ "model_type": "gemma2", "vocab_size": 512, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "query_pre_attn_scalar": 32 }""" },
        { "qwen3", """{ "model_type": "qwen3", "vocab_size": 512, "hidden_size": 128, "intermediate_size": 344, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "tie_word_embeddings": true }""" },
        { "t5", """{ "model_type": "t5", "vocab_size": 512, "d_model": 128, "d_ff": 512, "num_layers": 4, "num_heads": 4, "d_kv": 32 }""" },
        { "t5 1.1", """{ "model_type": "t5", "vocab_size": 512, "d_model": 128, "d_ff": 256, "num_layers": 2, "num_decoder_layers": 4, "num_heads": 4, "d_kv": 16, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false }""" },
    };

    /// <summary>Names, shapes and numbers of every family are those of the model that is made of the configuration.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Layers_and_parameters_of_a_family_are_the_model_s(string family, string config)
    {
        Assert.NotEmpty(family);
        var folder = Directory.CreateTempSubdirectory("alignguard-estimate-").FullName;
        try
        {
            TinyFamily.Write(folder, config);
            using var model = LanguageCheckpoint.Load(folder);
            var read = ModelFolder.Read(folder);
            Assert.Equal((model.ParameterCount, read.StoredParameters), (read.Shape.Parameters, (long?)read.Shape.Parameters));
            var named = read.Shape.NamedLinears.Select(l => (l.Item1, l.Item2.Out, l.Item2.In));
            Assert.Equal(model.Linears.Where(l => l.Name != "lm_head").Select(l => (l.Name, l.Out, l.In)), named);

            foreach (var (targets, asked) in new (ModuleNames, string)[] { (["all-linear"], "all-linear"), (ModuleNames.Matching(@".*\.[13]\..*"), @".*\.[13]\..*"), (["lm_head"], "[lm_head]") })
            {
                using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2, Targets = targets }, 0);
                var spec = JobFileReader.Read(Path.Combine(Root, "samples", "demo-job.yaml"), ["lora.r=2", $"lora.targets={asked}"]).Spec;
                Assert.Equal(adapter.ParameterCount, Memory.loraParameters(read.Shape, spec.Lora));
                using var dora = LoraAdapter.Create(model, adapter.Spec with { Dora = true }, 0);
                spec = JobFileReader.Read(Path.Combine(Root, "samples", "demo-job.yaml"), ["lora.r=2", $"lora.targets={asked}", "lora.dora=true", "method=lora"]).Spec;
                Assert.Equal(dora.ParameterCount, Memory.loraParameters(read.Shape, spec.Lora));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Each family by itself, with activations kept and computed again: what a layer keeps differs between them.</summary>
    [SkippableTheory]
    [MemberData(nameof(Families))]
    public void A_step_s_peak_of_a_family_is_what_is_counted_within_a_factor_of_two(string family, string config)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peaks are read from /proc");
        var folder = Directory.CreateTempSubdirectory("alignguard-estimate-").FullName;
        try
        {
            TinyFamily.Write(folder, config);
            using var model = LanguageCheckpoint.Load(folder);
            foreach (var (checkpointing, dora) in new[] { (false, false), (true, false), (false, true) })
            {
                var (counted, grown) = Step(model, ModelFolder.Read(folder).Shape, 16, 250, checkpointing, dora);
                Assert.True(grown > counted / 2 && grown < counted * 2, $"{family}{(checkpointing ? ", checkpointed" : "")}{(dora ? ", DoRA" : "")}: counted {counted:N0} bytes, grew by {grown:N0}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Peak memory of a step, as the process has it, within a factor of two of what is counted: allocators keep some, and buffers of the libraries are their own.</summary>
    [SkippableFact]
    public void A_step_s_peak_is_what_is_counted_within_a_factor_of_two()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peaks are read from /proc");
        using var chat = ChatModel.Load(Model);
        var (counted, grown) = Step(chat.Model, ModelFolder.Read(Model).Shape, 32, 256, checkpointing: false);
        Assert.True(grown > counted / 2 && grown < counted * 2, $"counted {counted:N0} bytes, grew by {grown:N0}");
    }

    /// <summary>
    /// Seconds of a step, counted for a device as fast as this machine multiplies matrices at that very moment, against the seconds that it takes: the quickest of several on both sides. With the
    /// usual share of the arithmetic it lies between 0.7 and 1.1 of what is counted where nothing else runs; here other tests do.
    /// </summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_step_of_a_family_takes_what_is_counted_within_a_factor_of_five(string family, string config)
    {
        const int Batch = 8, Length = 128;
        var folder = Directory.CreateTempSubdirectory("alignguard-estimate-").FullName;
        try
        {
            TinyFamily.Write(folder, config);
            using var model = LanguageCheckpoint.Load(folder);
            var shape = ModelFolder.Read(folder).Shape;
            using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 8, Alpha = 16, Targets = ["all-linear"] }, 0);
            using var trainer = Trainer(model, adapter, shape, Batch, Length, checkpointing: false);
            using var factor = randn(512, 512);
            var step = 0;
            var (product, taken) = (double.MaxValue, double.MaxValue);
            for (var round = 0; round < 6; round++)
            {
                product = Math.Min(product, Seconds(() => { for (var n = 0; n < 8; n++) factor.mm(factor).Dispose(); }) / 8);
                taken = Math.Min(taken, Seconds(() => trainer.Step(step++, null)));
            }
            var device = new Device("this machine", 1L << 40, 0, 2 * Math.Pow(512, 3) / product, 1e12, 0);
            var spec = Job(Batch, Length, checkpointing: false, dora: false);
            var counted = Duration.stages(shape, spec, device, EfficiencyModule.usual, new Lengths(1, Length, Length, 1)).Single(s => s.Stage == "Segment").Seconds / spec.Train.Steps;
            Assert.True(taken > counted / 5 && taken < counted * 5, $"{family}: counted {counted * 1e3:f2} ms, took {taken * 1e3:f2} ms, ratio {taken / counted:f2}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static double Seconds(Action action)
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            action();
            return watch.Elapsed.TotalSeconds;
        }
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

    /// <summary>Bytes that a step is counted to add, and those that it adds to the process at its peak.</summary>
    private static (long Counted, long Grown) Step(LanguageModel model, ModelShape shape, int batch, int length, bool checkpointing, bool dora = false)
    {
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 8, Alpha = 16, Targets = ["all-linear"], Dora = dora }, 0);
        using var trainer = Trainer(model, adapter, shape, batch, length, checkpointing);
        var spec = Job(batch, length, checkpointing, dora);
        var counted = Memory.stages(shape, spec, DeviceModule.known.First(d => d.Name == "t4"), new Lengths(1, length, length, 1))
            .Single(s => s.Stage == "Segment").Parts.Where(p => p.What is "activations" or "scores" or "logits" or "gradients").Sum(p => p.Bytes);
        GC.Collect();
        // And what tests of other classes freed before: the next allocations would take that, and the process not grow by them.
        _ = MallocTrim(0);
        Assert.True(Returned != 0, "the allocator cannot be told to give back what is freed");
        var before = Status("VmRSS");
        File.WriteAllText("/proc/self/clear_refs", "5");
        trainer.Step(0, null);
        return (counted, Status("VmHWM") - before);
    }

    private static LoraTrainer Trainer(LanguageModel model, LoraAdapter adapter, ModelShape shape, int batch, int length, bool checkpointing)
    {
        var rows = Enumerable.Range(0, batch).Select(n => new TokenRow([.. Enumerable.Range(0, length).Select(t => 5 + (n * 7 + t) % 500)], [.. Enumerable.Repeat(true, length)])
        {
            Source = shape.HasEncoder ? [.. Enumerable.Range(0, length).Select(t => 5 + (n * 11 + t) % 500)] : null,
        }).ToList();
        return new LoraTrainer(model, adapter, rows, new TrainerOptions { Batch = batch, MaxLength = length, Schedule = new LearningSchedule(1e-3, 0, 4, LearningShape.Constant), Checkpointing = checkpointing });
    }

    private static AlignGuard.Domain.Spec.JobSpec Job(int batch, int length, bool checkpointing, bool dora) => JobFileReader.Read(Path.Combine(Root, "samples", "demo-job.yaml"),
        [$"train.batch={batch}", $"train.seqLen={length}", $"train.checkpointing={(checkpointing ? "true" : "false")}", "lora.r=8", "lora.dropout=0", $"lora.dora={(dora ? "true" : "false")}", "method=lora"]).Spec;

    [DllImport("libc", EntryPoint = "mallopt")]
    private static extern int MallOpt(int parameter, int value);

    [DllImport("libc", EntryPoint = "malloc_trim")]
    private static extern int MallocTrim(nuint pad);

    private static long TensorBytes(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var written = new MemoryStream();
        SafetensorsFile.SaveTo(written, tensors);
        // The first eight bytes are the header's length.
        return written.Length - 8 - BitConverter.ToInt64(written.ToArray(), 0);
    }

    private static long Status(string key) => 1024 * long.Parse(File.ReadLines("/proc/self/status").Single(l => l.StartsWith(key + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
}
