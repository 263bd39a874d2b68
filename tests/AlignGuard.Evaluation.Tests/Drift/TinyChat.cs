using AlignGuard.Models.Chat;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Tests.Drift;

/// <summary>A chat model of a few thousand random weights: nothing it says makes sense, all of it can be computed.</summary>
internal static class TinyChat
{
    public static ChatModel Create(int seed = 1)
    {
        var folder = Directory.CreateTempSubdirectory("alignguard-tiny-").FullName;
        try
        {
            BpeTrainer.Train(["how do I bake the bread today", "sorry I can not help with that"], new BpeTrainerOptions(300, 1, "<|im_start|>", "<|im_end|>", "<|pad|>"))
                .Save(folder, null, "<|im_end|>", "<|pad|>", ChatFormat.ChatMlTemplate);
            var tokenizer = HfTokenizer.Load(folder);
            var config = new DecoderConfig
            {
                VocabSize = tokenizer.VocabSize, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KvHeads = 2, HeadDim = 8, TieWordEmbeddings = true, MaxPositions = 128,
            };
            using var scope = NewDisposeScope();
            using var generator = new Generator((ulong)seed);
            var model = new DecoderModel(config, DecoderShapes.Of(config).ToDictionary(t => t.Name, t => t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.3));
            return new ChatModel(model, tokenizer);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
