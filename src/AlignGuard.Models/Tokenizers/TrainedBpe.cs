using System.Text.Encodings.Web;
using System.Text.Json;

namespace AlignGuard.Models.Tokenizers;

/// <summary>What <see cref="BpeTrainer"/> found.</summary>
/// <param name="Tokens">In the order of their ids, in the byte alphabet's characters.</param>
/// <param name="Merges">In the order of their rank.</param>
public sealed record TrainedBpe(IReadOnlyList<string> Tokens, IReadOnlyList<(string Left, string Right)> Merges, IReadOnlyList<string> SpecialTokens)
{
    /// <summary>Writes tokenizer.json and tokenizer_config.json in the schema of Hugging Face tokenizers, byte-deterministic.</summary>
    /// <param name="chatTemplate">Jinja text, e.g. <see cref="Chat.ChatFormat.ChatMlTemplate"/>. Default: none.</param>
    /// <exception cref="ArgumentException">A role is given to something that is no special token.</exception>
    public void Save(string folder, string? bosToken = null, string? eosToken = null, string? padToken = null, string? chatTemplate = null)
    {
        foreach (var token in new[] { bosToken, eosToken, padToken })
            if (token is not null && !SpecialTokens.Contains(token)) throw new ArgumentException($"'{token}' is not among the special tokens.");
        Write(Path.Combine(folder, TokenizerJson.FileName), WriteTokenizer);
        Write(Path.Combine(folder, TokenizerConfig.FileName), json => WriteConfig(json, bosToken, eosToken, padToken, chatTemplate));
    }

    private static void Write(string path, Action<Utf8JsonWriter> content) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        content(json);
        json.WriteEndObject();
    });

    private void WriteTokenizer(Utf8JsonWriter json)
    {
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < SpecialTokens.Count; id++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            WriteSpecial(json, SpecialTokens[id]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNull("normalizer");
        foreach (var part in (string[])["pre_tokenizer", "post_processor", "decoder"])
        {
            json.WriteStartObject(part);
            json.WriteString("type", "ByteLevel");
            json.WriteBoolean("add_prefix_space", false);
            json.WriteBoolean("trim_offsets", true);
            json.WriteBoolean("use_regex", true);
            json.WriteEndObject();
        }
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var absent in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"]) json.WriteNull(absent);
        foreach (var off in (string[])["fuse_unk", "byte_fallback", "ignore_merges"]) json.WriteBoolean(off, false);
        json.WriteStartObject("vocab");
        for (var id = 0; id < Tokens.Count; id++) json.WriteNumber(Tokens[id], id);
        json.WriteEndObject();
        // As "a b": every version of the reference reads that form.
        json.WriteStartArray("merges");
        foreach (var (left, right) in Merges) json.WriteStringValue($"{left} {right}");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteConfig(Utf8JsonWriter json, string? bos, string? eos, string? pad, string? chatTemplate)
    {
        json.WriteStartObject("added_tokens_decoder");
        for (var id = 0; id < SpecialTokens.Count; id++)
        {
            json.WriteStartObject(id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            WriteSpecial(json, SpecialTokens[id]);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteString("bos_token", bos);
        json.WriteString("eos_token", eos);
        json.WriteString("pad_token", pad);
        if (chatTemplate is not null) json.WriteString("chat_template", chatTemplate);
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
    }

    private static void WriteSpecial(Utf8JsonWriter json, string token)
    {
        json.WriteString("content", token);
        foreach (var flag in (string[])["single_word", "lstrip", "rstrip", "normalized"]) json.WriteBoolean(flag, false);
        json.WriteBoolean("special", true);
    }
}
