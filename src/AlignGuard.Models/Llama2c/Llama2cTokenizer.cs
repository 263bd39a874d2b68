using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Llama2c;

/// <summary>Writes a vocabulary of llama2.c as Hugging Face writes Llama's: BPE over characters with bytes for what it lacks, ▁ for spaces and one before the text.</summary>
internal static class Llama2cTokenizer
{
    /// <summary>tokenizer.json and tokenizer_config.json. There is no chat template: these are models that go on with a text.</summary>
    public static void Save(Llama2cVocabulary vocabulary, string folder)
    {
        Write(Path.Combine(folder, TokenizerJson.FileName), json => WriteTokenizer(json, vocabulary));
        Write(Path.Combine(folder, TokenizerConfig.FileName), json =>
        {
            json.WriteBoolean("add_bos_token", true);
            json.WriteBoolean("add_eos_token", false);
            json.WriteString("bos_token", "<s>");
            json.WriteBoolean("clean_up_tokenization_spaces", false);
            json.WriteString("eos_token", "</s>");
            json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
            json.WriteString("unk_token", "<unk>");
        });
    }

    private static void WriteTokenizer(Utf8JsonWriter json, Llama2cVocabulary vocabulary)
    {
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (var (id, token) in Llama2cVocabulary.Special.Index())
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", token);
            foreach (var flag in (string[])["single_word", "lstrip", "rstrip", "normalized"]) json.WriteBoolean(flag, false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Raw("normalizer", """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""");
        json.WriteNull("pre_tokenizer");
        Raw("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":1}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}""");
        Raw("decoder", """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""");
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteString("unk_token", "<unk>");
        foreach (var absent in (string[])["continuing_subword_prefix", "end_of_word_suffix"]) json.WriteNull(absent);
        json.WriteBoolean("fuse_unk", true);
        json.WriteBoolean("byte_fallback", true);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        foreach (var (id, (token, _)) in vocabulary.Tokens.Index()) json.WriteNumber(token, id);
        json.WriteEndObject();
        // As "a b": every version of the reference reads that form, and no piece has a space.
        json.WriteStartArray("merges");
        foreach (var (left, right) in vocabulary.Merges()) json.WriteStringValue($"{left} {right}");
        json.WriteEndArray();
        json.WriteEndObject();

        void Raw(string name, string value)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value);
        }
    }

    private static void Write(string path, Action<Utf8JsonWriter> content) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        content(json);
        json.WriteEndObject();
    });
}
