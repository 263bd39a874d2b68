using System.Diagnostics;
using AlignGuard.Benchmarks;
using AlignGuard.Guards.Fisher;
using TorchSharp;

// What durability costs: `-- durability [SEGMENTS STEPS CHAIN]`, by default 500 500 1000.
if (args is ["durability", ..])
{
    var sizes = args.Skip(1).Select(int.Parse).ToArray();
    await (sizes is [var segments, var steps, var chain] ? Durability.RunAsync(segments, steps, chain) : Durability.RunAsync(500, 500, 1000));
    return;
}

// What `model estimate` counts, against what a device needs: `-- stages FOLDER JOB [DEVICE GPU STEPS [key=value ...]]`, by default auto a100-80 3.
if (args is ["stages", var folder, var job, ..])
{
    Stages.Run(folder, job, args.ElementAtOrDefault(3) ?? "auto", args.ElementAtOrDefault(4) ?? "a100-80", int.Parse(args.ElementAtOrDefault(5) ?? "3"), args.Skip(6));
    return;
}

// Ratios of two things measured in turn, A B A B …, in one process: a shared machine's speed drifts, a paired ratio much less.
var rounds = args.Length > 0 ? int.Parse(args[0]) : 7;
using var work = new Workload();
var step = 0L;
Console.WriteLine($"hidden 512, 8 layers, batch {Workload.Rows} x {Workload.Length}, {torch.get_num_threads()} threads, {rounds} rounds; ratio: median [min, max]");
Ratio("AlignGuard step / plain LoRA step", 1.10, () => work.Trainer.Step(step++, work.Guard), () => work.Trainer.Step(step++, null));
Ratio("Fisher pass, dense / forward+backward", 3.0, () => work.Fisher(FisherForm.Dense, 0), work.ForwardBackward);
Ratio("Fisher pass, sketch of 40 / forward+backward", 1.3, () => work.Fisher(FisherForm.Sketch, 40), work.ForwardBackward);
Ratio("Fisher pass, sketch of 72 / forward+backward", null, () => work.Fisher(FisherForm.Sketch, 72), work.ForwardBackward);
Ratio("LoRA step / its bare matrix products", null, () => work.Trainer.Step(step++, null), work.BareProducts);
Ratio("Generation / its bare matrix products", null, work.Generate, work.BareGeneration);
// A segment is 500 steps by default; its check is on 64 answers of the base model.
Ratio("Teacher-forced check / segment of 500 steps", 0.10, work.TeacherForcedCheck, () => work.Trainer.Step(step++, null), times: 500);

void Ratio(string name, double? wanted, Action a, Action b, double times = 1)
{
    a();
    b();
    var pairs = Enumerable.Range(0, rounds).Select(_ => (A: Seconds(a), B: Seconds(b))).ToList();
    var ratios = pairs.Select(p => p.A / (times * p.B)).Order().ToList();
    Console.WriteLine($"{name,-48} {ratios[rounds / 2]:f3} [{ratios[0]:f3}, {ratios[^1]:f3}]{(wanted is { } w ? $"   wanted <= {w:f2}" : "")}   ({pairs.Select(p => p.A).Order().ElementAt(rounds / 2):f3} s / {times * pairs.Select(p => p.B).Order().ElementAt(rounds / 2):f3} s)");
}

static double Seconds(Action action)
{
    var watch = Stopwatch.StartNew();
    action();
    return watch.Elapsed.TotalSeconds;
}
