using AlignGuard.Domain.Estimates;
using AlignGuard.Domain.Spec;
using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Training;
using AlignGuard.Pipeline.Verification;
using TorchSharp;
using static TorchSharp.torch;
using Device = TorchSharp.torch.Device;

namespace AlignGuard.Benchmarks;

/// <summary>
/// The stages of a job on a model of that shape with random weights, each once (one batch of answers, one batch of the Fisher, all of Decompose, so many steps), beside what <c>alignguard model estimate</c> counts:
/// memory and seconds, as ratios. Lengths are the estimate's defaults: prompts of 128 tokens, rows of train.seqLen.
/// </summary>
internal static class Stages
{
    private const int Prompt = 128;

    public static void Run(string folder, string jobFile, string deviceName, string gpu, int steps, IEnumerable<string> set)
    {
        var device = ComputeDevice.Open(deviceName);
        var spec = JobFileReader.Read(jobFile, [.. set]).Spec;
        var shape = ModelFolder.Read(folder).Shape;
        var dtype = spec.Train.Precision.IsBfloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var lengths = new Lengths(Prompt, spec.Train.SeqLen, spec.Train.SeqLen, 1000);
        var estimate = Estimate.make(shape, spec, DeviceModule.known.First(d => d.Name == gpu), EfficiencyModule.usual, lengths);
        using var memory = new DeviceMemory(device);
        var before = memory.Now();
        Console.WriteLine($"{shape.Parameters:N0} parameters in {dtype} on {device}; {before / (double)(1L << 30):f1} GiB in use before");

        var config = ModelConfigFile.Load(Path.Combine(folder, "config.json"));
        DecoderModel? made = null;
        Measure("weights", estimate.Shape.Parameters * (dtype == ScalarType.BFloat16 ? 2 : 4), null, () => made = Random(config, dtype, device));
        using var model = made!;
        var random = Seeds.Host(0, "benchmark");
        TokenRow Row(int length, int response) => new([.. Enumerable.Range(0, length).Select(_ => random.NextInt((int)config.VocabSize))], [.. Enumerable.Range(0, length).Select(t => t >= length - response)]);

        Measure("Baseline", Bytes("Baseline"), Seconds("Baseline") / Math.Ceiling((spec.DriftCheck.Final + 1000.0) / spec.DriftCheck.Batch), () => TextGenerator.Generate(model,
            [.. Enumerable.Range(0, spec.DriftCheck.Batch).Select(_ => Row(Prompt, 0).Ids.ToArray())],
            new GenerationOptions { MaxNewTokens = spec.DriftCheck.MaxNewTokens, BatchSize = spec.DriftCheck.Batch }));

        using var adapter = LoraAdapter.Create(model, new AlignGuard.Models.Lora.LoraSpec { Rank = spec.Lora.R, Alpha = spec.Lora.Alpha, Dropout = spec.Lora.Dropout, Targets = ["all-linear"] }, 0);
        IReadOnlyList<FisherFactors> factors = [];
        var response = spec.DriftCheck.MaxNewTokens;
        var batches = Math.Max(1, spec.Fisher.Samples / spec.Fisher.Batch);
        Measure("Fisher", Bytes("Fisher"), Seconds("Fisher") / Times("Fisher") / batches, () => factors = FisherPass.Run(model, adapter, [.. adapter.Sites],
            [TokenBatch.Pack([.. Enumerable.Range(0, spec.Fisher.Batch).Select(_ => Row(Prompt + response, response))], 0, Prompt + response, device)],
            new FisherOptions { Form = AlignGuard.Guards.Fisher.FisherForm.Sketch, SketchSize = Memory.sketchColumns(spec) }));
        var rank = new RankBounds(spec.Guard.Rank.Min, spec.Guard.Rank.Max, spec.Guard.Rank.Energy);
        Dictionary<string, LayerBasis> bases = [];
        Measure("Decompose", Bytes("Decompose"), Seconds("Decompose") / Times("Decompose"), () => bases = factors.ToDictionary(f => f.Site.Name, f => LayerBasis.Create(f.Site.Name, ProjectorKind.TwoSided,
            EigenSide.Of(f.Out, f.Examples, rank.Max, "out"), EigenSide.Of(f.In, f.Examples, rank.Max, "in"), rank)));
        foreach (var f in factors) f.Dispose();

        using var guard = new Guard(adapter, bases, new PenaltyOptions { LambdaA = spec.Guard.LambdaA, LambdaT = spec.Guard.LambdaT, LambdaNC = spec.Guard.LambdaNC, ErmRows = spec.Guard.ErmRows }, 0);
        var rows = Enumerable.Range(0, spec.Train.Batch * spec.Train.Accumulate).Select(_ => Row(spec.Train.SeqLen, spec.Train.SeqLen)).ToList();
        using var trainer = new LoraTrainer(model, adapter, rows, new TrainerOptions
        {
            Batch = spec.Train.Batch, Accumulate = spec.Train.Accumulate, MaxLength = spec.Train.SeqLen, Schedule = new LearningSchedule(1e-4, 0, 1000, LearningShape.Constant),
        });
        long step = 0;
        double plain = 0, guarded = 0;
        Measure("first step", Bytes("Segment"), null, () => trainer.Step(step++, guard));
        Measure("Segment, plain", Bytes("Segment"), steps * Seconds("Segment") / spec.Train.Steps, () => { for (var n = 0; n < steps; n++) trainer.Step(step++, null); }, s => plain = s);
        Measure("Segment, guarded", Bytes("Segment"), steps * Seconds("Segment") / spec.Train.Steps, () => { for (var n = 0; n < steps; n++) trainer.Step(step++, guard); }, s => guarded = s);
        var tokens = (double)steps * spec.Train.Batch * spec.Train.Accumulate * spec.Train.SeqLen;
        Console.WriteLine($"guarded step / plain step {guarded / plain:f3}; {tokens / plain:N0} and {tokens / guarded:N0} tokens a second");

        void Measure(string stage, long? counted, double? seconds, Action action, Action<double>? took = null)
        {
            var (taken, peak) = memory.During(action);
            took?.Invoke(taken);
            Console.WriteLine(FormattableString.Invariant(
                $"{stage,-18} {Gigabytes(peak - before),7:f2} GiB{(counted is { } c ? $"   counted {Gigabytes(c),7:f2}, ratio {(peak - before) / (double)c:f2}" : "")}   {taken,8:f2} s{(seconds is { } s ? $"   counted {s:f2}, ratio {taken / s:f2}" : "")}"));
        }

        long? Bytes(string stage) => estimate.Memory.FirstOrDefault(s => s.Stage == stage)?.Bytes;
        double Seconds(string stage) => estimate.Time.First(s => s.Stage == stage).Seconds;
        int Times(string stage) => estimate.Time.First(s => s.Stage == stage).Times;
    }

    private static double Gigabytes(long bytes) => bytes / (double)(1L << 30);

    private static DecoderModel Random(DecoderConfig config, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        return new DecoderModel(config, DecoderShapes.Of(config).ToDictionary(t => t.Name, t => t.Shape.Length == 1 ? ones(t.Shape, dtype, device) : randn(t.Shape, dtype, device).mul_(0.02)));
    }
}
