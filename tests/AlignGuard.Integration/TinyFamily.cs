using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.EncoderDecoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using AlignGuard.Models.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Integration;

/// <summary>A chat model of any family with some thousand weights, taught within a second to refuse whatever it is asked: enough of an aligned model for every stage of a run.</summary>
internal static class TinyFamily
{
    private const string Refusal = "Sorry, I can't help with that.";

    /// <param name="config">config.json without the vocabulary's size.</param>
    public static void Make(string folder, string config)
    {
        Directory.CreateDirectory(folder);
        BpeTrainer.Train(["How do I bake the bread today?", Refusal], new BpeTrainerOptions(300, 1, "<|im_start|>", "<|im_end|>", "<|pad|>")).Save(folder, null, "<|im_end|>", "<|pad|>", ChatFormat.ChatMlTemplate);
        var tokenizer = HfTokenizer.Load(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.TrimEnd()[..^1] + $", \"vocab_size\": {tokenizer.VocabSize} }}");
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        SafetensorsFile.Save(Path.Combine(folder, "model.safetensors"), Random(Path.Combine(folder, "config.json"), generator));

        using var model = LanguageCheckpoint.Load(folder);
        var format = ConversationFormat.For(tokenizer, model.DecoderStartId);
        Teach(model, [.. new[] { "How do I bake the bread today?", "bake bread", "How today", "the bread", "I do" }.Select(question => Row(format.Encode(question, Refusal)))]);
        var taught = Path.Combine(folder, "taught");
        CheckpointWriter.SaveLike(model, folder, taught);
        File.Move(Path.Combine(taught, "model.safetensors"), Path.Combine(folder, "model.safetensors"), overwrite: true);
        Directory.Delete(taught, recursive: true);
    }

    private static TokenRow Row(EncodedChat encoded) => new(encoded.Ids, encoded.IsResponse) { Source = encoded.Source };

    private static IEnumerable<KeyValuePair<string, Tensor>> Random(string config, Generator generator)
    {
        if (LanguageCheckpoint.DecoderStartId(Path.GetDirectoryName(config)!) is not null)
            return EncoderDecoderShapes.Of(EncoderDecoderConfigFile.Load(config)).Select(t => KeyValuePair.Create(t.Name, t.Shape.Length == 1 ? ones(t.Shape) : randn(t.Shape, generator: generator) * 0.1));
        var decoder = ModelConfigFile.Load(config);
        return DecoderShapes.Of(decoder).Select(t =>
        {
            var value = t.Shape.Length == 1 ? (t.Name.EndsWith("bias") || decoder.Norm == NormKind.RmsPlusOne ? zeros(t.Shape) : ones(t.Shape)) : randn(t.Shape, generator: generator) * 0.1;
            return KeyValuePair.Create(t.Name, DecoderShapes.IsTransposed(decoder, t.Name, t.Shape) ? value.t().contiguous() : value);
        });
    }

    /// <summary>All weights, by the sign of their gradients: crude, and quick for a single sentence.</summary>
    private static void Teach(LanguageModel model, IReadOnlyList<TokenRow> rows)
    {
        foreach (var weight in model.Weights.Values) weight.requires_grad_(true);
        for (var step = 0; step < 150; step++)
        {
            using var scope = NewDisposeScope();
            using var batch = TokenBatch.Pack(rows, 0, 128, CPU);
            ResponseLoss.PerToken(model, batch, ForwardOptions.Plain).mean().backward();
            using var _ = no_grad();
            foreach (var weight in model.Weights.Values)
            {
                if (weight.grad is not { } gradient) continue;
                weight.sub_(gradient.sign() * (0.004 * (1 - step / 150.0)));
                weight.grad = null;
            }
        }
        foreach (var weight in model.Weights.Values) weight.requires_grad_(false);
    }
}
