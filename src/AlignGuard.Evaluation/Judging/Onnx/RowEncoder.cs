using System.Text.Json;
using AlignGuard.Evaluation.Judging.Onnx.WordPiece;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>Exchanges as the rows that a classifier reads.</summary>
internal sealed class RowEncoder
{
    private readonly IPieces pieces;
    private readonly JudgedText input;
    private readonly IReadOnlyList<TemplatePart> template;
    private readonly ChatFormat? chat;
    private readonly int longest;

    private RowEncoder(IPieces pieces, JudgedText input, IReadOnlyList<TemplatePart> template, ChatFormat? chat, int longest, int padId, string? chatTemplate) =>
        (this.pieces, this.input, this.template, this.chat, this.longest, PadId, ChatTemplate) = (pieces, input, template, chat, longest, padId, chatTemplate);

    /// <summary>Fills rows up; it is masked.</summary>
    public int PadId { get; }

    /// <summary>The template that conversations are written with; null where none are.</summary>
    public string? ChatTemplate { get; }

    /// <param name="longest">The most tokens of a row.</param>
    /// <exception cref="UserFaultException">The tokenizer is damaged, of a kind that is not supported, or does not say how its input is written.</exception>
    public static RowEncoder Load(ClassifierFolder files, JudgedText input, int longest, int? padId)
    {
        using var document = ModelJson.Read(files.Tokenizer);
        var root = document.RootElement;
        var keys = new JsonKeys(files.Tokenizer);
        var template = SequenceTemplate.Read(root, keys);
        var (words, hf) = WordPieceJson.Is(root) ? (WordPieceJson.Read(root, keys), (HfTokenizer?)null) : (null, HfTokenizer.Load(files.Folder));
        if (input == JudgedText.Pair && template.Pair is null && keys.Ok) keys.Add("post_processor", "does not say how two texts are written: set input: answer in the judge's file.");
        if (input == JudgedText.Chat && hf is null) keys.Add("model.type", "WordPiece knows no conversations: set input: answer or input: pair in the judge's file.");
        var parts = input == JudgedText.Pair ? template.Pair ?? [] : template.Single;
        if (parts.Sum(p => p.Ids.Count) >= longest) keys.Add("post_processor", $"puts {parts.Sum(p => p.Ids.Count)} tokens round a text, which leaves nothing of the {longest} that the model takes.");
        var padding = padId ?? Padding(root, keys) ?? hf?.PadId ?? 0;
        keys.ThrowIfAny();
        var chat = input == JudgedText.Chat ? ChatFormat.For(hf!) : null;
        return new RowEncoder(words ?? (IPieces)new HfPieces(hf!), input, parts, chat, longest, padding, chat is null ? null : hf!.ChatTemplate);
    }

    public TextRow Encode(Exchange exchange) => input switch
    {
        JudgedText.Answer => TextRow.Of(template, [pieces.Encode(exchange.Answer)], longest),
        JudgedText.Pair => TextRow.Of(template, [pieces.Encode(exchange.Prompt.Text), pieces.Encode(exchange.Answer)], longest),
        // A conversation whose answer is empty has no turn to close.
        _ => TextRow.Of(exchange.Answer.AsSpan().Trim().IsEmpty ? chat!.EncodePrompt(exchange.Prompt.Text) : chat!.Encode(exchange.Prompt.Text, exchange.Answer).Ids, longest),
    };

    private static int? Padding(JsonElement root, JsonKeys keys) =>
        keys.Object(root, "padding", "padding") is { } padding && JsonKeys.Find(padding, "pad_id") is { } id ? keys.Id(id, "padding.pad_id") : null;
}
