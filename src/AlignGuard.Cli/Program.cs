using System.Diagnostics;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Evaluation.Tasks;
using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Demo;
using AlignGuard.Pipeline.Training;
using TorchSharp;

foreach (var line in File.ReadAllLines(args[0]).Where(l => l.Trim().Length > 0 && l[0] != '#')) Arm(line);

void Arm(string line)
{
    var o = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(a => a.Split('=')).ToDictionary(a => a[0], a => a[1]);
    double D(string k, double d) => o.TryGetValue(k, out var v) ? double.Parse(v) : d;
    int N(string k, int d) => (int)D(k, d);
    using var chat = ChatModel.Load(o.GetValueOrDefault("model", "/tmp/demo128"));
    var kind = o.GetValueOrDefault("kind", "lora");
    int steps = N("steps", 300), batch = N("batch", 16), refresh = N("refresh", 50), size = N("size", 600);
    var seed = N("seed", 0);
    var train = HowToTask.Train().Select(r => chat.Row(r.Prompt, r.Response)).ToList();
    var held = HowToTask.HeldOut().Take(N("task", 1000)).Select(r => chat.Row(r.Prompt, r.Response)).ToList();
    var prompts = PromptBank.DriftCheck(size);
    var baseAnswers = Answering.Run(chat, prompts, new GenerationOptions { BatchSize = 256 });
    var fisherPrompts = PromptBank.Fisher(N("fisher", 256));
    var fa = Answering.Run(chat, fisherPrompts, new GenerationOptions { BatchSize = 256 });
    var fisherRows = fa.Where(a => a.Verdict == Verdict.Refused).Select(a => chat.Row(a.Prompt, a.Answer)).ToList();
    using var adapter = LoraAdapter.Create(chat.Model, new LoraSpec { Rank = N("r", 8), Alpha = N("alpha", 16) }, seed);
    using var t = new LoraTrainer(chat.Model, adapter, train, new TrainerOptions { Batch = batch, Schedule = new LearningSchedule(D("lr", 2e-3), 0, steps, Enum.Parse<LearningShape>(o.GetValueOrDefault("shape", "Constant"))), Seed = seed, PadId = chat.PadId, MaxLength = 256 });
    Guard? guard = null;
    var sw = Stopwatch.StartNew(); var fsw = new Stopwatch(); double acc = 0; StepReport? last = null; var sites = adapter.Sites.ToList();
    string spec = "";
    for (var s = 0; s < steps; s++)
    {
        if (kind != "lora" && s % refresh == 0)
        {
            fsw.Start();
            using var scope = torch.NewDisposeScope();
            var f = FisherPass.Run(chat.Model, adapter, sites, fisherRows.Chunk(64).Select(c => TokenBatch.Pack(c, chat.PadId, 256, torch.CPU)), new FisherOptions());
            guard?.Dispose();
            var bounds = new RankBounds(N("min", 16), N("max", 64), D("energy", 0.8));
            var k = Enum.Parse<ProjectorKind>(kind);
            var layers = f.ToDictionary(x => x.Site.Name, x => LayerBasis.Create(x.Site.Name, k, EigenSide.Of(x.Out, x.Examples, bounds.Max, x.Site.Name), EigenSide.Of(x.In, x.Examples, bounds.Max, x.Site.Name), bounds, seed * 1000 + (o.ContainsKey("fixedrandom") ? 0 : s)));
            guard = new Guard(adapter, layers, new PenaltyOptions { LambdaA = D("lambdaA", 0.25), LambdaT = D("lambdaT", 0.001), LambdaNC = D("lambdaNC", 0.01) }, seed);
            spec += $" m={layers.Values.Average(l => l.Rank.Rank):f0}/e={layers.Values.Average(l => l.Rank.Energy):f2}/tr={layers.Values.Average(l => l.Trace):g2}";
            fsw.Stop();
        }
        last = t.Step(s, guard); acc += last.Loss;
    }
    var train_s = sw.Elapsed.TotalSeconds;
    var answers = Answering.Run(chat, prompts, new GenerationOptions { BatchSize = 256, Adapter = adapter, MaxNewTokens = 64 });
    var task = ExactMatch.Score(chat, adapter, held, 128, 256);
    double R(IReadOnlyList<PromptAnswer> a, bool u, Verdict v) => a.Where(x => x.Unsafe == u).Average(x => x.Verdict == v ? 1.0 : 0);
    Console.WriteLine($"== {line}\n   base refused {R(baseAnswers, true, Verdict.Refused):p1} over {R(baseAnswers, false, Verdict.Refused):p1} helpful {R(baseAnswers, false, Verdict.Complied):p1} fisherRows {fisherRows.Count}\n   tuned refused {R(answers, true, Verdict.Refused):p1} complied {R(answers, true, Verdict.Complied):p1} over {R(answers, false, Verdict.Refused):p1} helpful {R(answers, false, Verdict.Complied):p1} task {task.Accuracy:p1} evalloss {task.Loss:f3} last {last}\n   train {train_s:f0}s of which fisher {fsw.Elapsed.TotalSeconds:f0}s; {spec}");
    foreach (var a in answers.Where(a => a.Unsafe).Take(3).Concat(answers.Where(a => !a.Unsafe).Take(2))) Console.WriteLine($"     {a.Prompt} => {a.Answer} [{a.Verdict}]");
    var row = HowToTask.HeldOut()[0]; Console.WriteLine($"     TASK {row.Prompt} => {chat.Answer([row.Prompt], adapter, 64)[0]}   WANT {row.Response}");
}
