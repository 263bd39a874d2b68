using System.Globalization;
using System.Runtime.InteropServices;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.EncoderDecoders;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>Activation checkpointing: the same gradients from a part of the memory.</summary>
[Collection(TensorCollection.Name)]
public class CheckpointingTests
{
    private static readonly DecoderConfig Tiny = new() { VocabSize = 64, HiddenSize = 32, IntermediateSize = 48, Layers = 3, Heads = 4, KvHeads = 2, HeadDim = 8, TieWordEmbeddings = true, MaxPositions = 64 };

    public static TheoryData<string, bool, double> Cases => new()
    {
        { "llama", false, 0 }, { "llama", true, 0 }, { "llama", false, 0.2 }, { "llama", true, 0.2 },
        { "windows and caps", false, 0 }, { "experts", false, 0.1 }, { "t5", false, 0 }, { "t5", false, 0.1 },
    };

    /// <summary>Bit for bit: the arithmetic is the same, done twice. Dropout draws alike both times. Of an encoder the layers of the decoder add their gradients up in another order.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_those_of_the_plain_pass(string kind, bool dora, double dropout)
    {
        using var scope = NewDisposeScope();
        using var model = Model(kind);
        using var generator = new Generator(3);
        var spec = new LoraSpec { Rank = 2, Dora = dora, Dropout = dropout };
        using var adapter = LoraAdapter.From(model, spec, (site, isA) => randn(isA ? [2, site.In] : [site.Out, 2], generator: generator) * 0.3);
        using var batch = TokenBatch.Pack([.. TinyLlama.Rows(6).Select(r => kind == "t5" ? new TokenRow([0, .. r.Ids], [false, .. r.Ids.Select(_ => true)]) { Source = [.. r.Ids.Reverse()] } : r)], 0, 64, CPU);
        var (plain, loss) = Gradients(checkpointing: false);
        var (again, same) = Gradients(checkpointing: true);
        Assert.Equal(loss, same);
        Assert.Equal(plain.Count, again.Count);
        foreach (var (a, b) in plain.Zip(again)) Assert.InRange((a - b).abs().max().item<float>(), 0, kind == "t5" ? 1e-5 * a.abs().max().item<float>() : 0);
        Assert.All(plain, g => Assert.True(g.abs().max().item<float>() > 0));

        (List<Tensor>, float) Gradients(bool checkpointing)
        {
            foreach (var parameter in adapter.Parameters) parameter.grad = null;
            var sum = ResponseLoss.PerToken(model, batch, new ForwardOptions { Adapter = adapter, Training = true, Checkpointing = checkpointing, LayerSeed = dropout > 0 ? 7 : null }).sum();
            sum.backward();
            CheckpointedLayer.Finish();
            return ([.. adapter.Parameters.Select(p => p.grad!.clone())], sum.item<float>());
        }
    }

    [Fact]
    public void A_run_of_steps_is_the_plain_one_and_leaves_no_tensor_behind()
    {
        var losses = new[] { false, true }.Select(checkpointing =>
        {
            using var model = Model("llama");
            using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
            using var trainer = new LoraTrainer(model, adapter, TinyLlama.Rows(20), new TrainerOptions { Schedule = new LearningSchedule(1e-2, 0, 20, LearningShape.Constant), MaxLength = 64, Seed = 3, Checkpointing = checkpointing });
            trainer.Step(0, null);
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            var losses = Enumerable.Range(1, 10).Select(step => trainer.Step(step, null).Loss).ToArray();
            Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount, 0, before);
            return losses;
        }).ToList();
        Assert.Equal(losses[0], losses[1]);
    }

    /// <summary>What a step adds to the process, at its peak: of a layer only what goes in stays.</summary>
    [SkippableFact]
    public void A_step_needs_a_part_of_the_memory()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "peaks are read from /proc");
        // What is freed goes back to the system at once (M_MMAP_THRESHOLD): else the process's size tells of its past.
        _ = MallOpt(-3, 1 << 16);
        var config = Tiny with { HiddenSize = 128, IntermediateSize = 512, Layers = 12, Heads = 8, KvHeads = 8, HeadDim = 16, MaxPositions = 256 };
        var rows = Enumerable.Range(0, 16).Select(n => new TokenRow([.. Enumerable.Range(0, 200).Select(t => (n + t * 7) % 64)], [.. Enumerable.Range(0, 200).Select(t => t > 150)])).ToList();
        var grown = new[] { true, false }.Select(checkpointing =>
        {
            using var scope = NewDisposeScope();
            using var model = Model(config);
            using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
            using var trainer = new LoraTrainer(model, adapter, rows, new TrainerOptions { Batch = 16, Schedule = new LearningSchedule(1e-3, 0, 4, LearningShape.Constant), MaxLength = 256, Checkpointing = checkpointing });
            // The library's own buffers are there after one step.
            trainer.Step(0, null);
            GC.Collect();
            var before = Status("VmRSS");
            File.WriteAllText("/proc/self/clear_refs", "5");
            trainer.Step(1, null);
            return Status("VmHWM") - before;
        }).ToList();
        Assert.True(grown[0] < grown[1] / 2, $"checkpointed {grown[0]:N0}, plain {grown[1]:N0} bytes");
    }

    /// <summary>An exception of the second pass, which native code calls, comes out behind it.</summary>
    [Fact]
    public void A_fault_of_the_second_pass_is_thrown()
    {
        Assert.Equal(2, CallsOfFaultyPass());
        Assert.Throws<ExternalException>(CheckpointedLayer.Finish);
        CheckpointedLayer.Finish();
    }

    /// <summary>Of a pass that is begun again nothing comes out behind the next one.</summary>
    [Fact]
    public void A_fault_of_a_pass_that_was_broken_off_is_not_the_next_one_s()
    {
        Assert.Equal(2, CallsOfFaultyPass());
        CheckpointedLayer.Abandon();
        CheckpointedLayer.Finish();
    }

    /// <summary>A backward pass whose second computation of the layer fails; how often the layer was called.</summary>
    private static int CallsOfFaultyPass()
    {
        using var scope = NewDisposeScope();
        var calls = 0;
        using var model = Model("llama");
        using var adapter = LoraAdapter.Create(model, new LoraSpec { Rank = 2 }, 1);
        using var views = adapter.OpenViews();
        var x = ones(1, 3, 32, requires_grad: true);
        CheckpointedLayer.Run([x], views, null, (t, _) => ++calls == 1 ? t[0] * 2 : throw new ExternalException("CUDA out of memory")).sum().backward();
        return calls;
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    private static extern int MallOpt(int parameter, int value);

    private static LanguageModel Model(string kind)
    {
        if (kind != "t5")
            return Model(kind switch
            {
                "windows and caps" => Tiny with { Window = layer => layer % 2 == 0 ? 4 : null, AttentionSoftcap = 3, LogitSoftcap = 5 },
                "experts" => Tiny with { Experts = 4, ExpertsPerToken = 2 },
                _ => Tiny,
            });
        using var generator = new Generator(1);
        using var scope = NewDisposeScope();
        var t5 = new EncoderDecoderConfig { VocabSize = 64, HiddenSize = 32, IntermediateSize = 48, EncoderLayers = 2, DecoderLayers = 2, Heads = 4, HeadDim = 8 };
        return new EncoderDecoderModel(t5, EncoderDecoderShapes.Of(t5).ToDictionary(t => t.Name, t => t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.2));
    }

    private static DecoderModel Model(DecoderConfig config)
    {
        using var generator = new Generator(1);
        using var scope = NewDisposeScope();
        return new DecoderModel(config, DecoderShapes.Of(config).ToDictionary(t => t.Name, t => t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.1));
    }

    private static long Status(string key) => 1024 * long.Parse(File.ReadLines("/proc/self/status").Single(l => l.StartsWith(key + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
