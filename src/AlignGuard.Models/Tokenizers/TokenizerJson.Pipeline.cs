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
            case "NFC": Form(NormalizationForm.FormC); break;
            case "NFD": Form(NormalizationForm.FormD); break;
            case "NFKC": Form(NormalizationForm.FormKC); break;
            case "NFKD": Form(NormalizationForm.FormKD); break;
            case "Lowercase": normalizers.Add(new LowercaseNormalizer()); break;
            case "StripAccents": normalizers.Add(new StripAccentsNormalizer()); break;
            case "Strip": normalizers.Add(new StripNormalizer(keys.Bool(n, "strip_left", $"{key}.strip_left", absent: true), keys.Bool(n, "strip_right", $"{key}.strip_right", absent: true))); break;
            case "Prepend": normalizers.Add(new PrependNormalizer(Needed(n, "prepend", key))); break;
            case "Replace":
                if (Pattern(n, key) is var (regex, literal)) normalizers.Add(new ReplaceNormalizer(regex, literal, Needed(n, "content", key)));
                break;
            case "Precompiled": ReadCharsMap(n, key); break;
            case "Sequence": Each(n, "normalizers", key, (child, path) => ReadNormalizer(child, path)); break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled and Sequence are."); break;
        }

        void Form(NormalizationForm form)
        {
            UsesUnicodeForms = true;
            normalizers.Add(new UnicodeNormalizer(form));
        }
    }

    private void ReadCharsMap(JsonElement normalizer, string key)
    {
        try
        {
            normalizers.Add(new PrecompiledNormalizer(CharsMap.Parse(Needed(normalizer, "precompiled_charsmap", key))));
        }
        catch (FormatException e)
        {
            keys.Add($"{key}.precompiled_charsmap", $"is no character map of SentencePiece ({e.Message}).");
        }
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
            case "Digits": Cut(keys.Bool(p, "individual_digits", $"{key}.individual_digits") ? @"\p{N}" : @"\p{N}+", SplitBehavior.Isolated); break;
            case "Whitespace": Cut(@"\w+|[^\w\s]+", SplitBehavior.Removed, invert: true); break;
            case "WhitespaceSplit": Cut(@"\s", SplitBehavior.Removed); break;
            case "Punctuation": Cut(@"[\p{P}$+<=>^`|~]", Behavior(p, key, absent: SplitBehavior.Isolated)); break;
            case "Metaspace": steps.Add(new MetaspacePreTokenizer(Mark(p, key), Scheme(p, key), keys.Bool(p, "split", $"{key}.split", absent: true))); break;
            case "Split":
                var behavior = Behavior(p, key, absent: null);
                if (Pattern(p, key) is var (regex, literal))
                    steps.Add(new SplitPreTokenizer(regex ?? new Regex(Regex.Escape(literal!), RegexOptions.CultureInvariant), behavior, keys.Bool(p, "invert", $"{key}.invert")));
                break;
            case "Sequence": Each(p, "pretokenizers", key, (child, path) => ReadPreTokenizer(child, path)); break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation and Sequence are."); break;
        }

        void Cut(string pattern, SplitBehavior how, bool invert = false) => steps.Add(new SplitPreTokenizer(new Regex(pattern, RegexOptions.CultureInvariant), how, invert));
    }

    private SplitBehavior Behavior(JsonElement element, string key, SplitBehavior? absent)
    {
        var name = keys.String(element, "behavior", $"{key}.behavior");
        if (name is null && absent is { } usual) return usual;
        if (Enum.TryParse<SplitBehavior>(name, out var behavior) && Enum.IsDefined(behavior) && !char.IsAsciiDigit(name![0])) return behavior;
        keys.Add($"{key}.behavior", $"'{name}' is not supported: {string.Join(", ", Enum.GetNames<SplitBehavior>())} are.");
        return default;
    }

    // The mark is one character; its scheme was a flag in older files.
    private char Mark(JsonElement element, string key)
    {
        var mark = keys.String(element, "replacement", $"{key}.replacement") ?? "▁";
        if (mark.Length == 1) return mark[0];
        keys.Add($"{key}.replacement", "must be one character.");
        return '▁';
    }

    private string Scheme(JsonElement element, string key)
    {
        var scheme = keys.String(element, "prepend_scheme", $"{key}.prepend_scheme") ?? (keys.Bool(element, "add_prefix_space", $"{key}.add_prefix_space", absent: true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) keys.Add($"{key}.prepend_scheme", $"'{scheme}' is not supported: always, first and never are.");
        return scheme;
    }

    private (Regex? Regex, string? Literal)? Pattern(JsonElement element, string key)
    {
        var pattern = JsonKeys.Find(element, "pattern") ?? default;
        var literal = keys.String(pattern, "String", $"{key}.pattern.String");
        var regex = keys.String(pattern, "Regex", $"{key}.pattern.Regex");
        if ((regex ?? literal) is not { Length: > 0 })
        {
            keys.Add($"{key}.pattern", "must be {\"Regex\": …} or {\"String\": …}.");
            return null;
        }
        if (regex is null) return (null, literal);
        try
        {
            // The time limit is for hostile patterns; the patterns in use take microseconds.
            return (new Regex(regex, RegexOptions.CultureInvariant | RegexOptions.Compiled, TimeSpan.FromSeconds(10)), null);
        }
        catch (ArgumentException e)
        {
            keys.Add($"{key}.pattern.Regex", $"is not a regular expression that .NET understands ({e.Message}).");
            return null;
        }
    }

    private string Needed(JsonElement element, string name, string key)
    {
        if (keys.String(element, name, $"{key}.{name}") is { } text) return text;
        if (JsonKeys.Find(element, name) is null) keys.Add($"{key}.{name}", "is missing.");
        return "";
    }

    private int Count(JsonElement element, string name, string key) => JsonKeys.Find(element, name) is { } value ? keys.Id(value, $"{key}.{name}") ?? 0 : 0;

    private void ReadPostProcessor(JsonElement? processor, string key)
    {
        if (processor is not { } p) return;
        switch (Type(p, key))
        {
            case "ByteLevel": break;
            case "Sequence": Each(p, "processors", key, (child, path) => ReadPostProcessor(child, path)); break;
            case "TemplateProcessing": ReadTemplate(p, key); break;
            case "BertProcessing" or "RobertaProcessing":
                ReadMark(p, "cls", key, Prefix);
                ReadMark(p, "sep", key, Suffix);
                break;
            case { } type: keys.Add($"{key}.type", $"'{type}' is not supported: ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and Sequence are."); break;
        }
    }

    // ["</s>", 2]
    private void ReadMark(JsonElement processor, string name, string key, List<int> side)
    {
        if (keys.List(processor, name, $"{key}.{name}") is { } mark && mark.GetArrayLength() == 2)
        {
            if (keys.Id(mark[1], $"{key}.{name}") is { } id) side.Add(id);
        }
        else
        {
            keys.Add($"{key}.{name}", "must be a token with its id, as [\"</s>\", 2].");
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
