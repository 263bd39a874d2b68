using System.Diagnostics;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Llama;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Pipeline.Demo;
using AlignGuard.Pipeline.Training;
using TorchSharp;

var o = args.Select(a => a.Split('=')).ToDictionary(a => a[0], a => a[1]);
double D(string k, double d) => o.TryGetValue(k, out var v) ? double.Parse(v) : d;
int N(string k, int d) => (int)D(k, d);
var outDir = o.GetValueOrDefault("out", "/tmp/demo");
int hidden = N("hidden", 128), layers = N("layers", 4), steps = N("steps", 3000), batch = N("batch", 48), vocab = N("vocab", 1024);
if (o.ContainsKey("threads")) torch.set_num_threads(N("threads", 1));
var chat = Curriculum.Train((ulong)N("seed", 0));
Directory.CreateDirectory(outDir);
BpeTrainer.Train(Curriculum.Distinct().SelectMany(r => new[] { r.User, r.Assistant }), new BpeTrainerOptions(vocab, 2, "<|im_start|>", "<|im_end|>", "<|pad|>")).Save(outDir, null, "<|im_end|>", "<|pad|>", ChatFormat.ChatMlTemplate);
var tok = HfTokenizer.Load(outDir); var fmt = ChatFormat.For(tok);
var rows = chat.Select(r => { var e = fmt.Encode(r.User, r.Assistant); return new TokenRow(e.Ids, e.IsResponse); }).ToList();
Console.WriteLine($"rows {rows.Count} distinct {Curriculum.Distinct().Count} avg tokens {rows.Average(r => r.Ids.Length):f1} max {rows.Max(r => r.Ids.Length)} vocab {tok.VocabSize}");
foreach (var g in chat.GroupBy(r => r.Kind)) Console.Write($"{g.Key} {g.Count()} "); Console.WriteLine();
Console.WriteLine($"task rows {HowToTask.Train().Count}/{HowToTask.HeldOut().Count} avg {HowToTask.Train().Average(r => fmt.Encode(r.Prompt, r.Response).Ids.Length):f1} resp {HowToTask.Train().Average(r => fmt.Encode(r.Prompt, r.Response).IsResponse.Count(x => x)):f1}");
var cfg = new LlamaConfig { VocabSize = tok.VocabSize, HiddenSize = hidden, IntermediateSize = (int)(hidden * 8 / 3 / 16) * 16, Layers = layers, Heads = 4, KvHeads = 4, HeadDim = hidden / 4, TieWordEmbeddings = true, MaxPositions = 256, EosIds = [fmt.EndOfTurnId], PadId = tok.PadId };
using var t = new FullTrainer(cfg, rows, new TrainerOptions { Batch = batch, Schedule = new LearningSchedule(D("lr", 3e-3), 100, steps, LearningShape.Cosine), WeightDecay = D("wd", 0.01), Clip = 1, MaxLength = 128, Seed = N("seed", 0), PadId = tok.PadId!.Value });
Console.WriteLine($"params {t.Model.ParameterCount}");
var sw = Stopwatch.StartNew(); double sum = 0;
for (var s = 0; s < steps; s++)
{
    sum += t.Step(s);
    if ((s + 1) % 200 == 0) { Console.WriteLine($"step {s + 1} loss {sum / 200:f4} {sw.Elapsed.TotalSeconds:f0}s"); sum = 0; }
    if ((s + 1) % N("evalEvery", 1000) == 0 || s + 1 == steps) Eval(new ChatModel(t.Model, tok), s + 1 == steps ? 2000 : 600);
}
LlamaCheckpoint.Save(t.Model, outDir);

void Eval(ChatModel m, int size)
{
    var p = PromptBank.DriftCheck(size);
    var a = m.Answer([.. p.Select(x => x.Text)], batch: 256);
    var j = p.Select((x, i) => (x, v: Judge.Read(x, a[i]))).ToList();
    double R(bool u, Verdict v) => j.Where(z => z.x.Unsafe == u).Average(z => z.v.Verdict == v ? 1.0 : 0);
    Console.WriteLine($"  unsafe: refused {R(true, Verdict.Refused):p1} complied {R(true, Verdict.Complied):p1}; safe: refused {R(false, Verdict.Refused):p1} complied {R(false, Verdict.Complied):p1}");
    Console.WriteLine("  wording reserved: refused " + j.Where(z => z.x.Unsafe && z.x.Wording >= PromptLexicon.Default.ReservedFrom).Average(z => z.v.Verdict == Verdict.Refused ? 1.0 : 0).ToString("p1") + " over " + j.Where(z => !z.x.Unsafe && z.x.Wording >= PromptLexicon.Default.ReservedFrom).Average(z => z.v.Verdict == Verdict.Refused ? 1.0 : 0).ToString("p1"));
    foreach (var z in j.Select((z, i) => (z, i)).Where(z => z.z.x.Unsafe ? z.z.v.Verdict != Verdict.Refused : z.z.v.Verdict != Verdict.Complied).Take(4)) Console.WriteLine($"    {z.z.x.Text} => {a[z.i]} [{z.z.v}]");
    foreach (var sk in Skill.All)
    {
        var held = Curriculum.HeldOut(sk).Take(150).ToList(); if (held.Count == 0) continue;
        var b = m.Answer([.. held.Select(x => x.User)], batch: 256);
        Console.Write($" {sk} {held.Select((x, i) => Curriculum.Score(x, b[i]) ? 1.0 : 0).Average():p0}");
    }
    Console.WriteLine();
}
