using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace AlignGuard.Models.Tokenizers;

/// <summary>
/// The tokenizer of a Hugging Face checkpoint (byte-level BPE, SentencePiece's BPE and unigram), with the reference's ids. Unpaired surrogates read as U+FFFD. What
/// <c>clean_up_tokenization_spaces</c>, truncation and padding say is left to the caller. Safe for use from several threads.
/// </summary>
public sealed partial class HfTokenizer
{
    private readonly TokenizerJson json;
    private readonly ITokenModel model;
    private readonly AddedTokenMatcher raw;
    private readonly AddedTokenMatcher normalized;
    private readonly IPreTokenizer preTokenizer;
    private readonly FrozenDictionary<string, int> ids;
    private readonly FrozenDictionary<int, string> texts;
    private readonly FrozenDictionary<int, AddedToken> added;
    private readonly FrozenSet<string> spellable;

    private HfTokenizer(TokenizerJson json, TokenizerConfig config, string folder)
    {
        this.json = json;
        Folder = folder;
        Config = config;
        preTokenizer = json.PreTokenizer;
        added = json.Added.DistinctBy(t => t.Id).ToFrozenDictionary(t => t.Id);
        model = json.IsUnigram ? new UnigramModel(json, id => added.TryGetValue(id, out var token) && token.Special)
            : new MergeModel(json, added.ContainsKey) is var merges && json.DecodesBytes ? new ByteLevelModel(json, merges, added.ContainsKey) : merges;
        raw = new AddedTokenMatcher(json.Added.Where(t => !t.Normalized), content => content);
        normalized = new AddedTokenMatcher(json.Added.Where(t => t.Normalized), content => Normalize(content, continuation: false));
        ids = json.Added.Select(t => KeyValuePair.Create(t.Content, t.Id)).Concat(json.Vocab).DistinctBy(t => t.Key)
            .ToFrozenDictionary(StringComparer.Ordinal);
        texts = ids.DistinctBy(t => t.Value).ToFrozenDictionary(t => t.Value, t => t.Key);
        // Unigram keeps control tokens out of its trie.
        spellable = json.IsUnigram ? [] : json.Vocab.Keys.Where(t => t.Length <= 2 && t.EnumerateRunes().Count() == 1).Concat(json.Merges.Select(m => m.Left + m.Right)).ToFrozenSet(StringComparer.Ordinal);
        VocabSize = texts.Keys.Max() + 1;

        var keys = new JsonKeys(Path.Combine(folder, TokenizerConfig.FileName));
        BosId = Role("bos_token", config.Bos);
        EosId = Role("eos_token", config.Eos);
        PadId = Role("pad_token", config.Pad);
        keys.ThrowIfAny();
        StopIds = config.EndIds.Concat(EosId is { } eos ? [eos] : []).ToFrozenSet();

        int? Role(string key, string? token)
        {
            if (token is { Length: > 0 } && TokenId(token) is null) keys.Add(key, $"'{token}' is not in {TokenizerJson.FileName}.");
            return token is null ? null : TokenId(token);
        }
    }

    /// <summary>Where it was loaded from.</summary>
    public string Folder { get; }

    /// <summary>The Jinja text of the chat template; null when the checkpoint has none.</summary>
    public string? ChatTemplate => Config.ChatTemplate;

    /// <summary>File and key of the template, for errors.</summary>
    internal string ChatTemplatePlace => Config.TemplatePlace(Folder);

    internal TokenizerConfig Config { get; }

    /// <summary>The largest id + 1: the rows that an embedding needs at least.</summary>
    public int VocabSize { get; }

    public int? BosId { get; }

    public int? EosId { get; }

    public int? PadId { get; }

    /// <summary>The ids that end a generation: <c>eos_token_id</c> of generation_config.json, and <see cref="EosId"/>.</summary>
    public IReadOnlySet<int> StopIds { get; }

    /// <summary>Loads tokenizer.json and, where present, tokenizer_config.json, chat_template.jinja and generation_config.json.</summary>
    /// <exception cref="ModelFormatException">A file is absent, damaged, or of a kind that is not supported: each problem with file and key.</exception>
    public static HfTokenizer Load(string folder)
    {
        var json = TokenizerJson.Read(Path.Combine(folder, TokenizerJson.FileName));
        // Under the invariant mode of globalisation Normalize does nothing, and ids would silently be others than in training.
        if (json.UsesUnicodeForms && "e\u0301".Normalize(NormalizationForm.FormC) != "\u00e9")
            throw new PlatformNotSupportedException("Unicode normalisation is off: run without InvariantGlobalization and with ICU installed.");
        return new HfTokenizer(json, TokenizerConfig.Read(folder), folder);
    }

    /// <summary>The id of a token by its text in the vocabulary's alphabet ('Ġ' for a leading space); null when there is none.</summary>
    public int? TokenId(string token) => ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>The text of a token, in the vocabulary's alphabet; null for an id without one.</summary>
    public string? TokenText(int id) => texts.GetValueOrDefault(id);

    /// <summary>
    /// Token ids of a text in which added tokens ("&lt;|im_end|&gt;") are recognised. Never give it text of a stranger: see <see cref="EncodeLiteral"/>.
    /// </summary>
    /// <param name="addSpecialTokens">Add what the post-processor adds, as the beginning-of-sequence token. Default: false.</param>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        var output = new List<int>();
        if (addSpecialTokens) output.AddRange(json.Prefix);
        EncodeParts(WellFormed(text), Beginning, null, output);
        if (addSpecialTokens) output.AddRange(json.Suffix);
        return [.. output];
    }

    /// <summary>
    /// Token ids of a text in which nothing is special: "&lt;|im_end|&gt;" becomes the tokens of its characters. For all that users wrote.
    /// </summary>
    /// <param name="continuation">The text goes on after other text, so it gets no prefix space. Default: false.</param>
    public int[] EncodeLiteral(string text, bool continuation = false)
    {
        var output = new List<int>();
        EncodePlain(Normalize(WellFormed(text), continuation), new(!continuation, continuation), output);
        return [.. output];
    }

    /// <summary>The text of the ids; ids without a token are left out, bytes that are no UTF-8 become U+FFFD.</summary>
    /// <param name="skipSpecial">Leave out special tokens. Default: true.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        if (!json.DecodesBytes) return Join(ids, skipSpecial);
        var bytes = new ArrayBufferWriter<byte>(Math.Max(ids.Length * 4, 16));
        foreach (var id in ids)
        {
            if (added.TryGetValue(id, out var token))
            {
                if (!(skipSpecial && token.Special)) Encoding.UTF8.GetBytes(token.Content, bytes);
            }
            else if (texts.TryGetValue(id, out var text))
            {
                foreach (var c in text)
                {
                    if (ByteAlphabet.Byte(c) is { } b) bytes.Write([b]);
                    else Encoding.UTF8.GetBytes([c], bytes);
                }
            }
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private string Join(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        var tokens = new List<string>();
        foreach (var id in ids)
            if (texts.TryGetValue(id, out var text) && !(skipSpecial && added.TryGetValue(id, out var token) && token.Special)) tokens.Add(text);
        return string.Concat(Bounded("decoder", () => json.Decoders.Aggregate(tokens, (t, step) => step.Apply(t))));
    }

    /// <summary>Whether text alone can become this token: it is a single byte's symbol, or some merge makes it.</summary>
    internal bool IsSpellable(int id) => texts.TryGetValue(id, out var text) && spellable.Contains(text);

    // A round trip through UTF-8 replaces what no UTF-8 text can hold.
    internal static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
}
