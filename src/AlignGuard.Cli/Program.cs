using AlignGuard.Models.Llama;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Generation;
using AlignGuard.Pipeline.Training;
using AlignGuard.Pipeline.Demo;
using TorchSharp;
Console.WriteLine($"threads {torch.get_num_threads()}");
var rnd = new Random(0);
var rows = Enumerable.Range(0, 2000).Select(_ => { var n = rnd.Next(36, 48); return new TokenRow(Enumerable.Range(0, n).Select(_ => rnd.Next(1000)).ToArray(), Enumerable.Range(0, n).Select(i => i > 20).ToArray()); }).ToList();
foreach (var (h, l, i) in new[] { (128, 4, 352), (160, 4, 432), (192, 4, 512) })
{
    var cfg = new LlamaConfig { VocabSize = 1024, HiddenSize = h, IntermediateSize = i, Layers = l, Heads = 4, KvHeads = 4, HeadDim = h / 4, TieWordEmbeddings = true, MaxPositions = 256 };
    var o = new TrainerOptions { Batch = 48, Schedule = new LearningSchedule(1e-3, 10, 100, LearningShape.Cosine) };
    using var t = new FullTrainer(cfg, rows, o);
    t.Step(0);
    var sw = System.Diagnostics.Stopwatch.StartNew();
    for (var s = 1; s <= 20; s++) t.Step(s);
    Console.WriteLine($"hidden {h}: params {t.Model.ParameterCount} full {sw.Elapsed.TotalSeconds / 20:f3} s/step; live {torch.Tensor.TotalCount}");
    using var m = new LlamaModel(cfg, t.Model.Weights.ToDictionary(w => w.Key, w => w.Value.detach().clone()));
    using var ad = LoraAdapter.Create(m, new LoraSpec(), 0);
    using var lt = new LoraTrainer(m, ad, rows, o with { Batch = 16 });
    lt.Step(0, null); sw.Restart();
    for (var s = 1; s <= 20; s++) lt.Step(s, null);
    Console.WriteLine($"   lora batch 16 {sw.Elapsed.TotalSeconds / 20:f3} s/step; live {torch.Tensor.TotalCount}");
    sw.Restart();
    var prompts = rows.Take(512).Select(r => r.Ids.Take(18 + r.Ids.Length % 4).ToArray()).ToList();
    TextGenerator.Generate(m, prompts, new GenerationOptions { MaxNewTokens = 28, BatchSize = 256 });
    Console.WriteLine($"   gen 512x28: {sw.Elapsed.TotalSeconds:f2}s; live {torch.Tensor.TotalCount}");
}
