using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlignGuard.Models.Tokenizers;

// The steps around the model: normalizer, pre-tokenizer, decoder, post-processor.
internal sealed partial class TokenizerJson
{
    private void ReadNormalizer(JsonElement? normalizer, string key)
    {
        if (normalizer is not { } n) return;
        switch (Type(n, key))
        {
            case "NFC": forms.Add(NormalizationForm.FormC); break;
            case "NFD": forms.Add(NormalizationForm.FormD); break;
            case "NFKC": forms.Add(NormalizationForm.FormKC); break;
            case "NFKD": forms.Add(NormalizationForm.FormKD); break;
            case "Sequence": Each(n, "normalizers", key, (child, path) => ReadNormalizer(child, path)); break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: NFC, NFD, NFKC, NFKD and Sequence are."); break;
        }
    }

    private void ReadPreTokenizers(JsonElement root)
    {
        ReadPreTokenizer(JsonKeys.Find(root, "pre_tokenizer"), "pre_tokenizer");
        if (keys.Ok && steps.LastOrDefault() is not ByteLevelPreTokenizer)
            keys.Add("pre_tokenizer", "must be ByteLevel or end with it: only byte-level BPE is supported.");
    }

    private void ReadPreTokenizer(JsonElement? preTokenizer, string key)
    {
        if (preTokenizer is not { } p) return;
        switch (Type(p, key))
        {
            case "ByteLevel":
                steps.Add(new ByteLevelPreTokenizer(
                    keys.Bool(p, "add_prefix_space", $"{key}.add_prefix_space", absent: true), keys.Bool(p, "use_regex", $"{key}.use_regex", absent: true)));
                break;
            case "Digits":
                var digits = keys.Bool(p, "individual_digits", $"{key}.individual_digits") ? @"\p{N}" : @"\p{N}+";
                steps.Add(new SplitPreTokenizer(new Regex(digits, RegexOptions.CultureInvariant), dropMatches: false, invert: false));
                break;
            case "Split": ReadSplit(p, key); break;
            case "Sequence": Each(p, "pretokenizers", key, (child, path) => ReadPreTokenizer(child, path)); break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: ByteLevel, Split, Digits and Sequence are."); break;
        }
    }

    private void ReadSplit(JsonElement split, string key)
    {
        var behavior = keys.String(split, "behavior", $"{key}.behavior");
        if (behavior is not ("Isolated" or "Removed")) keys.Add($"{key}.behavior", $"'{behavior}' is not supported: Isolated and Removed are.");
        var pattern = JsonKeys.Find(split, "pattern") ?? default;
        var regex = keys.String(pattern, "Regex", $"{key}.pattern.Regex")
            ?? (keys.String(pattern, "String", $"{key}.pattern.String") is { } literal ? Regex.Escape(literal) : null);
        if (regex is not { Length: > 0 })
        {
            keys.Add($"{key}.pattern", "must be {\"Regex\": …} or {\"String\": …}.");
            return;
        }
        try
        {
            // The time limit is for hostile patterns; the patterns in use take microseconds.
            var compiled = new Regex(regex, RegexOptions.CultureInvariant | RegexOptions.Compiled, TimeSpan.FromSeconds(10));
            steps.Add(new SplitPreTokenizer(compiled, behavior == "Removed", keys.Bool(split, "invert", $"{key}.invert")));
        }
        catch (ArgumentException e)
        {
            keys.Add($"{key}.pattern.Regex", $"is not a regular expression that .NET understands ({e.Message}).");
        }
    }

    private void ReadDecoder(JsonElement? decoder, string key)
    {
        var type = decoder is { } d ? Type(d, key) : "none";
        if (type == "Sequence") Each(decoder!.Value, "decoders", key, (child, path) => ReadDecoder(child, path));
        else if (type is not (null or "ByteLevel")) keys.Add($"{key}.type", $"'{type}' is not supported: only ByteLevel is.");
    }

    private void ReadPostProcessor(JsonElement? processor, string key)
    {
        if (processor is not { } p) return;
        switch (Type(p, key))
        {
            case "ByteLevel": break;
            case "Sequence": Each(p, "processors", key, (child, path) => ReadPostProcessor(child, path)); break;
            case "TemplateProcessing": ReadTemplate(p, key); break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: ByteLevel, TemplateProcessing and Sequence are."); break;
        }
    }

    private void ReadTemplate(JsonElement template, string key)
    {
        var tokens = keys.Object(template, "special_tokens", $"{key}.special_tokens") ?? default;
        var side = Prefix;
        Each(template, "single", key, (part, path) =>
        {
            if (keys.Object(part, "Sequence", $"{path}.Sequence") is not null) side = Suffix;
            else if (keys.Object(part, "SpecialToken", $"{path}.SpecialToken") is { } special && keys.String(special, "id", $"{path}.SpecialToken.id") is { } name
                     && JsonKeys.Find(tokens, name) is { } token && keys.List(token, "ids", $"{key}.special_tokens['{name}'].ids") is { } ids)
                side.AddRange(ids.EnumerateArray().Select(id => keys.Id(id, $"{key}.special_tokens['{name}'].ids") ?? 0));
            else keys.Add(path, "must be a Sequence, or a SpecialToken that special_tokens lists.");
        });
    }

    private string? Type(JsonElement element, string key)
    {
        var type = keys.String(element, "type", $"{key}.type");
        if (type is null) keys.Add($"{key}.type", "is missing.");
        return type;
    }

    private void Each(JsonElement parent, string list, string key, Action<JsonElement, string> read)
    {
        if (keys.List(parent, list, $"{key}.{list}") is not { } children)
        {
            keys.Add($"{key}.{list}", "is missing: expected a list.");
            return;
        }
        var i = 0;
        foreach (var child in children.EnumerateArray()) read(child, $"{key}.{list}[{i++}]");
    }
}
