using System.Text.Json;

namespace AlignGuard.Models.Tokenizers;

internal sealed partial class TokenizerJson
{
    private void ReadDecoders(JsonElement root)
    {
        ReadDecoder(JsonKeys.Find(root, "decoder"), "decoder");
        var byteLevelText = steps.LastOrDefault() is ByteLevelPreTokenizer;
        if (DecodesBytes && decoders.Count > 0) keys.Add("decoder", "ByteLevel does not go with other decoders.");
        if (DecodesBytes && !byteLevelText) keys.Add("pre_tokenizer", "must be ByteLevel or end with it, since the decoder is ByteLevel.");
        if (DecodesBytes && IsUnigram) keys.Add("decoder", "ByteLevel does not go with a Unigram model.");
        if (DecodesBytes && Merges.FindIndex(m => m.Left.Contains(' ') || m.Right.Contains(' ')) is var spaced and >= 0) keys.Add($"model.merges[{spaced}]", "must be two tokens without spaces.");
        if (!DecodesBytes && steps.Any(s => s is ByteLevelPreTokenizer)) keys.Add("decoder", "must be ByteLevel, since the pre_tokenizer is.");
    }

    private void ReadDecoder(JsonElement? decoder, string key)
    {
        var d = decoder ?? default;
        switch (decoder is null ? "none" : Type(d, key))
        {
            case null: break;
            case "ByteLevel": DecodesBytes = true; break;
            case "ByteFallback": decoders.Add(new ByteFallbackDecoder()); break;
            case "Fuse": decoders.Add(new FuseDecoder()); break;
            case "Metaspace": decoders.Add(new MetaspaceDecoder(Mark(d, key), Scheme(d, key) != "never")); break;
            case "Strip": decoders.Add(new StripDecoder(Needed(d, "content", key), Count(d, "start", key), Count(d, "stop", key))); break;
            case "Replace":
                if (Pattern(d, key) is var (regex, literal)) decoders.Add(new ReplaceDecoder(regex, literal, Needed(d, "content", key)));
                break;
            case "Sequence": Each(d, "decoders", key, (child, path) => ReadDecoder(child, path)); break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace and Sequence are."); break;
        }
    }
}
