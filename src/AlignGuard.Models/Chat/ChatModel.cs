using AlignGuard.Models.Batches;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Chat;

/// <summary>A model folder opened for chat: weights, tokenizer, template.</summary>
public sealed class ChatModel(LanguageModel model, HfTokenizer tokenizer) : IDisposable
{
    public LanguageModel Model { get; } = model;
    public HfTokenizer Tokenizer { get; } = tokenizer;
    public ConversationFormat Format { get; } = ConversationFormat.For(tokenizer, model.DecoderStartId);

    public int PadId => Tokenizer.PadId ?? Tokenizer.EosId ?? 0;

    /// <param name="device">Where it computes; null = the processor.</param>
    /// <param name="dtype">Of the frozen weights.</param>
    /// <exception cref="ModelFormatException">Anything missing, malformed or unsupported in the folder.</exception>
    public static ChatModel Load(string folder, TorchSharp.torch.Device? device = null, TorchSharp.torch.ScalarType dtype = TorchSharp.torch.ScalarType.Float32)
    {
        var model = LanguageCheckpoint.Load(folder, dtype, device);
        var tokenizer = HfTokenizer.Load(folder);
        if (tokenizer.VocabSize > model.VocabSize)
        {
            model.Dispose();
            throw new ModelFormatException([$"{folder}: the tokenizer has {tokenizer.VocabSize} tokens, the model's embedding {model.VocabSize}. They belong to different models."]);
        }
        return new ChatModel(model, tokenizer);
    }

    /// <summary>A training row: prompt and answer in the model's template, the loss on the answer and its end.</summary>
    public TokenRow Row(string user, string assistant)
    {
        var encoded = Format.Encode(user, assistant);
        return new TokenRow(encoded.Ids, encoded.IsResponse) { Source = encoded.Source };
    }

    /// <summary>Greedy answers, in order.</summary>
    public string[] Answer(IReadOnlyList<string> prompts, LoraAdapter? adapter = null, int maxNewTokens = 48, int batch = 128, Action<int>? progress = null, CancellationToken cancellation = default) =>
        Answer(prompts, new GenerationOptions { Adapter = adapter, MaxNewTokens = maxNewTokens, BatchSize = batch, Progress = progress, Cancellation = cancellation });

    /// <summary>Answers as <paramref name="options"/> say; padding and stop tokens are the template's.</summary>
    public string[] Answer(IReadOnlyList<string> prompts, GenerationOptions options)
    {
        var encoded = prompts.Select(p => Format.EncodePrompt(p)).ToList();
        var answers = TextGenerator.Generate(Model, encoded, options with { PadId = PadId, StopIds = Format.StopIds });
        return [.. answers.Select(ids => Format.DecodeResponse(ids))];
    }

    public void Dispose() => Model.Dispose();
}
