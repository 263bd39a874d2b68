using AlignGuard.Evaluation.Drift;
using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Benchmarks;

/// <summary>The model and the batch that every figure is measured on: hidden 512, 8 layers, batch 4 × 256, random weights.</summary>
internal sealed class Workload : IDisposable
{
    public const int Rows = 4, Length = 256, Rank = 8;

    private const int Prompts = 64, PromptLength = 24, NewTokens = 24;

    private readonly List<TokenRow> _rows, _answers;
    private readonly List<int[]> _prompts;

    public Workload()
    {
        var config = new DecoderConfig
        {
            VocabSize = 8192, HiddenSize = 512, IntermediateSize = 1376, Layers = 8, Heads = 8, KvHeads = 8, HeadDim = 64,
            TieWordEmbeddings = true, MaxPositions = Length,
        };
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Model = new DecoderModel(config, DecoderShapes.Of(config).ToDictionary(t => t.Name, t => t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.02));
        var random = Seeds.Host(0, "benchmark");
        _rows = [.. Enumerable.Range(0, Rows * 4).Select(_ => new TokenRow([.. Enumerable.Range(0, Length).Select(_ => random.NextInt(8192))], [.. Enumerable.Range(0, Length).Select(t => t >= Length / 2)]))];
        _prompts = [.. Enumerable.Range(0, Prompts).Select(_ => Enumerable.Range(0, PromptLength).Select(_ => random.NextInt(8192)).ToArray())];
        _answers = [.. _prompts.Select(p => new TokenRow([.. p, .. p], [.. p.Select(_ => false), .. p.Select(_ => true)]))];
        Batch = NewBatch();
        Adapter = LoraAdapter.Create(Model, new LoraSpec { Rank = Rank }, 0);
        Sites = [.. Adapter.Sites];
        Trainer = new LoraTrainer(Model, Adapter, _rows, new TrainerOptions { Batch = Rows, MaxLength = Length, Schedule = new LearningSchedule(1e-4, 0, 1000, LearningShape.Constant) });
        Guard = MakeGuard();
    }

    public DecoderModel Model { get; }
    public LoraAdapter Adapter { get; }
    public IReadOnlyList<LinearSite> Sites { get; }
    public TokenBatch Batch { get; }
    public LoraTrainer Trainer { get; }
    public Guard Guard { get; }

    /// <summary>Forward and backward with frozen weights: the pass that feeds a Fisher estimate, without the estimate.</summary>
    public void ForwardBackward()
    {
        using var scope = NewDisposeScope();
        using var tap = new GramTap([Model.Linears[0]]);
        ResponseLoss.PerToken(Model, Batch, new ForwardOptions { Tap = tap }).sum().backward();
    }

    public void Fisher(FisherForm form, int sketchSize)
    {
        foreach (var factors in FisherPass.Run(Model, null, Sites, [NewBatch()], new FisherOptions { Form = form, SketchSize = sketchSize })) factors.Dispose();
    }

    /// <summary>Every matrix product of a LoRA step and nothing else: per linear W0 forward and its input gradient, A and B with theirs and their own; attention; the head.</summary>
    public void BareProducts()
    {
        using var _ = no_grad();
        foreach (var site in Sites)
        {
            using var scope = NewDisposeScope();
            var (x, d) = (Scratch(site.In), Scratch(site.Out));
            x.matmul(site.Weight.t());
            d.matmul(site.Weight);
            var (a, b) = (Factor(Rank, site.In), Factor(site.Out, Rank));
            var inner = x.matmul(a.t());
            inner.matmul(b.t());
            var back = d.matmul(b);
            back.matmul(a);
            d.t().matmul(inner);
            back.t().matmul(x);
        }
        var c = Model.Config;
        for (var layer = 0; layer < c.Layers; layer++)
        {
            using var scope = NewDisposeScope();
            var q = Cached("attention", Rows * c.Heads, Length, c.HeadDim);
            var scores = q.matmul(q.transpose(1, 2));
            for (var product = 0; product < 2; product++) scores.matmul(q);      // forward: values; backward: values' gradient …
            for (var product = 0; product < 3; product++) q.matmul(q.transpose(1, 2));
        }
        using (NewDisposeScope())
        {
            var head = Model.Linears[^1];
            var hidden = Cached("head", Batch.TotalResponseTokens, head.In);
            hidden.matmul(head.Weight.t()).matmul(head.Weight);
        }
    }

    /// <summary>Prompts of a DriftCheck's length, answered greedily with a cache; nothing ends an answer early.</summary>
    public void Generate() => TextGenerator.Generate(Model, _prompts, new GenerationOptions { MaxNewTokens = NewTokens, BatchSize = Prompts });

    /// <summary>Every matrix product of <see cref="Generate"/>: prompts at once, then a token at a time; linears, attention over what is cached, the head for the last token.</summary>
    public void BareGeneration()
    {
        using var _ = no_grad();
        Products(PromptLength, PromptLength);
        for (var token = 1; token < NewTokens; token++) Products(1, PromptLength + token);

        void Products(int length, int seen)
        {
            using var scope = NewDisposeScope();
            foreach (var linear in Model.Linears.SkipLast(1)) Cached($"generation {length}", Prompts * length, linear.In).matmul(linear.Weight.t());
            var c = Model.Config;
            for (var layer = 0; layer < c.Layers; layer++)
            {
                var (q, k) = (Cached("queries", Prompts * c.Heads, length, c.HeadDim), Cached("keys", Prompts * c.Heads, seen, c.HeadDim));
                q.matmul(k.transpose(1, 2)).matmul(k);
            }
            Cached("last", Prompts, Model.Linears[^1].In).matmul(Model.Linears[^1].Weight.t());
        }
    }

    /// <summary>What a segment's end measures: refusal margin and KL on answers of the base model, with and without the adapter.</summary>
    public void TeacherForcedCheck() => TeacherForced.Read(Model, 0, Adapter, _answers, 128);

    public void Dispose()
    {
        Guard.Dispose();
        Trainer.Dispose();
        Adapter.Dispose();
        Batch.Dispose();
        Model.Dispose();
        foreach (var tensor in _scratch.Values) tensor.Dispose();
    }

    private readonly Dictionary<string, Tensor> _scratch = [];

    private TokenBatch NewBatch() => TokenBatch.Pack(_rows[..Rows], 0, Length, CPU);

    private Tensor Scratch(int width) => Cached("activations", Rows * Length, width);

    private Tensor Factor(int rows, int columns) => Cached("factor", rows, columns);

    private Tensor Cached(string name, params long[] shape)
    {
        var key = name + string.Join('x', shape);
        if (!_scratch.TryGetValue(key, out var tensor)) _scratch[key] = tensor = randn(shape).DetachFromDisposeScope();
        return tensor;
    }

    private Guard MakeGuard()
    {
        using var scope = NewDisposeScope();
        var bounds = new RankBounds();
        var factors = FisherPass.Run(Model, null, Sites, [NewBatch()], new FisherOptions { Form = FisherForm.Sketch });
        var layers = factors.ToDictionary(f => f.Site.Name, f => LayerBasis.Create(f.Site.Name, ProjectorKind.TwoSided,
            EigenSide.Of(f.Out, f.Examples, bounds.Max, "out"), EigenSide.Of(f.In, f.Examples, bounds.Max, "in"), bounds));
        return new Guard(Adapter, layers, new PenaltyOptions(), 0);
    }
}
