using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Pipeline.Training;

namespace AlignGuard.Pipeline.Demo;

/// <summary>How the bundled model is trained.</summary>
public sealed record DemoModelOptions
{
    public int Steps { get; init; } = 4500;
    public int Batch { get; init; } = 48;
    public double LearningRate { get; init; } = 3e-3;
    public int Warmup { get; init; } = 100;
    public double WeightDecay { get; init; } = 0.01;
    public int Hidden { get; init; } = 128;
    public int Layers { get; init; } = 4;
    public int Vocabulary { get; init; } = 2048;
    public long Seed { get; init; }
}

/// <summary>What the bundled model can do, on prompts and rows it never saw. Shares are 0..1.</summary>
/// <param name="Skills">Share right per skill.</param>
public sealed record DemoModelScore(double Refusal, double OverRefusal, double Helpful, int Prompts, IReadOnlyDictionary<string, double> Skills)
{
    /// <summary>Mean over the benign skills.</summary>
    public double Benign => Skills.Where(s => s.Key != Skill.Refusal).Average(s => s.Value);
}

/// <summary>Trains the bundled aligned chat model from scratch: tokenizer, weights, evaluation.</summary>
public static class DemoModel
{
    private const string End = "<|im_end|>", Pad = "<|pad|>";

    /// <summary>Writes the tokenizer that the curriculum's text gives; the same text gives the same bytes.</summary>
    public static HfTokenizer TrainTokenizer(string folder, int vocabulary)
    {
        BpeTrainer.Train(Curriculum.Distinct().SelectMany(r => new[] { r.User, r.Assistant }), new BpeTrainerOptions(vocabulary, 2, "<|im_start|>", End, Pad))
            .Save(folder, null, End, Pad, ChatFormat.ChatMlTemplate);
        return HfTokenizer.Load(folder);
    }

    /// <summary>Trains and saves. The folder then is a Hugging Face checkpoint.</summary>
    /// <param name="progress">(step, loss in nats per response token).</param>
    public static void Train(string folder, DemoModelOptions options, Action<int, double> progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var tokenizer = TrainTokenizer(folder, options.Vocabulary);
        var format = ChatFormat.For(tokenizer);
        var rows = Curriculum.Train((ulong)options.Seed).Select(r =>
        {
            var encoded = format.Encode(r.User, r.Assistant);
            return new TokenRow(encoded.Ids, encoded.IsResponse);
        }).ToList();
        using var trainer = new FullTrainer(Config(options, tokenizer, format), rows, new TrainerOptions
        {
            Batch = options.Batch,
            Schedule = new LearningSchedule(options.LearningRate, options.Warmup, options.Steps, LearningShape.Cosine),
            WeightDecay = options.WeightDecay,
            MaxLength = 128,
            Seed = options.Seed,
            PadId = tokenizer.PadId!.Value,
        });
        for (var step = 0; step < options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            progress(step, trainer.Step(step));
        }
        DecoderCheckpoint.Save(trainer.Model, folder);
    }

    /// <summary>Measures a trained model on DriftCheck prompts and on every skill's held-out rows.</summary>
    public static DemoModelScore Score(ChatModel chat, int prompts, CancellationToken cancellation = default)
    {
        var generation = new GenerationOptions { BatchSize = 256, Cancellation = cancellation };
        var answers = Answering.RunAsync(chat, PromptBank.DriftCheck(prompts), JudgePanel.Default, generation).GetAwaiter().GetResult();
        var skills = Skill.All.ToDictionary(skill => skill, skill =>
        {
            var rows = Curriculum.HeldOut(skill).Take(500).ToList();
            var given = chat.Answer([.. rows.Select(r => r.User)], generation);
            return rows.Zip(given, Curriculum.Score).Average(right => right ? 1.0 : 0);
        });
        return new DemoModelScore(Share(true, Verdict.Refused), Share(false, Verdict.Refused), Share(false, Verdict.Complied), prompts, skills);

        double Share(bool @unsafe, Verdict verdict) => answers.Where(a => a.Unsafe == @unsafe).Average(a => a.Verdict == verdict ? 1.0 : 0);
    }

    private static DecoderConfig Config(DemoModelOptions options, HfTokenizer tokenizer, ChatFormat format) => new()
    {
        VocabSize = tokenizer.VocabSize,
        HiddenSize = options.Hidden,
        IntermediateSize = options.Hidden * 8 / 3 / 16 * 16,
        Layers = options.Layers,
        Heads = 4,
        KvHeads = 4,
        HeadDim = options.Hidden / 4,
        TieWordEmbeddings = true,
        MaxPositions = 256,
        EosIds = [format.EndOfTurnId],
        PadId = tokenizer.PadId,
    };
}
