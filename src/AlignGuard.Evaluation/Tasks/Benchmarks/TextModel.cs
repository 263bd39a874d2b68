using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>A model as benchmarks ask it: by plain text, so that base models without a chat template can be asked too, or by its chat template.</summary>
/// <param name="Adapter">LoRA on top of the model; null = the model alone.</param>
/// <param name="Chat">Asks by this format; null = plain text.</param>
public sealed record TextModel(LanguageModel Model, HfTokenizer Tokenizer, LoraAdapter? Adapter = null, ConversationFormat? Chat = null) : IDisposable
{
    public int PadId => Tokenizer.PadId ?? Tokenizer.EosId ?? 0;

    /// <summary>At which a written answer ends.</summary>
    public IReadOnlySet<int> StopIds => Chat?.StopIds ?? (Tokenizer.EosId is { } end ? Tokenizer.StopIds.Append(end).ToHashSet() : Tokenizer.StopIds);

    /// <param name="folder">Checkpoint in Hugging Face layout.</param>
    /// <param name="chat">Ask by the model's chat template.</param>
    /// <param name="adapter">Loads the adapter for the model; null = none.</param>
    /// <exception cref="UserFaultException">Anything missing, malformed or unsupported in the folders.</exception>
    public static TextModel Load(string folder, bool chat, TorchSharp.torch.Device device, Func<LanguageModel, LoraAdapter>? adapter = null)
    {
        var loaded = ChatlessLoad(folder, device);
        try
        {
            return loaded with { Adapter = adapter?.Invoke(loaded.Model), Chat = chat ? ConversationFormat.For(loaded.Tokenizer, loaded.Model.DecoderStartId) : null };
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Adapter?.Dispose();
        Model.Dispose();
    }

    private static TextModel ChatlessLoad(string folder, TorchSharp.torch.Device device)
    {
        var tokenizer = HfTokenizer.Load(folder);
        var model = LanguageCheckpoint.Load(folder, TorchSharp.torch.ScalarType.Float32, device);
        if (tokenizer.VocabSize <= model.VocabSize) return new TextModel(model, tokenizer);
        model.Dispose();
        throw new ModelFormatException($"{folder}: the tokenizer has {tokenizer.VocabSize} tokens, the model's embedding {model.VocabSize}. They belong to different models.");
    }
}
