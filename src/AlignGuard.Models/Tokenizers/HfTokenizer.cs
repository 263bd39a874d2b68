using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace AlignGuard.Models.Tokenizers;

/// <summary>
/// The byte-level BPE tokenizer of a Hugging Face checkpoint, with the reference's ids. Unpaired surrogates read as U+FFFD. What
/// <c>clean_up_tokenization_spaces</c>, truncation and padding say is left to the caller. Safe for use from several threads.
/// </summary>
public sealed class HfTokenizer
{
    private readonly TokenizerJson json;
    private readonly BpeTokenizer bpe;
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
        ChatTemplate = config.ChatTemplate;
        bpe = BpeTokenizer.Create(new BpeOptions(json.Vocab)
        {
            Merges = json.Merges.Select(m => $"{m.Left} {m.Right}"),
            UnknownToken = json.UnknownToken,
        });
        preTokenizer = json.PreTokenizer;
        raw = new AddedTokenMatcher(json.Added.Where(t => !t.Normalized), content => content);
        normalized = new AddedTokenMatcher(json.Added.Where(t => t.Normalized), Normalize);
        added = json.Added.DistinctBy(t => t.Id).ToFrozenDictionary(t => t.Id);
        ids = json.Added.Select(t => KeyValuePair.Create(t.Content, t.Id)).Concat(json.Vocab).DistinctBy(t => t.Key)
            .ToFrozenDictionary(StringComparer.Ordinal);
        texts = ids.DistinctBy(t => t.Value).ToFrozenDictionary(t => t.Value, t => t.Key);
        spellable = json.Vocab.Keys.Where(t => t.Length == 1).Concat(json.Merges.Select(m => m.Left + m.Right)).ToFrozenSet(StringComparer.Ordinal);
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
    public string? ChatTemplate { get; }

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
        if (json.Forms.Count > 0 && "e\u0301".Normalize(NormalizationForm.FormC) != "\u00e9")
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
        foreach (var (rawId, part) in raw.Split(WellFormed(text)))
        {
            if (rawId is { } id) output.Add(id);
            else
                foreach (var (normalizedId, piece) in normalized.Split(Normalize(part)))
                {
                    if (normalizedId is { } other) output.Add(other);
                    else EncodePlain(piece, continuation: false, output);
                }
        }
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
        EncodePlain(Normalize(WellFormed(text)), continuation, output);
        return [.. output];
    }

    /// <summary>The text of the ids; ids without a token are left out, bytes that are no UTF-8 become U+FFFD.</summary>
    /// <param name="skipSpecial">Leave out special tokens. Default: true.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
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

    /// <summary>Whether text alone can become this token: it is a single byte's symbol, or some merge makes it.</summary>
    internal bool IsSpellable(int id) => texts.TryGetValue(id, out var text) && spellable.Contains(text);

    private void EncodePlain(string text, bool continuation, List<int> output)
    {
        if (text.Length == 0) return;
        foreach (var piece in Pieces(text, continuation))
        {
            var symbols = ByteAlphabet.Encode(piece);
            if (json.IgnoreMerges && json.Vocab.TryGetValue(symbols, out var whole) && !added.ContainsKey(whole)) output.Add(whole);
            else output.AddRange(bpe.EncodeToIds(symbols, considerPreTokenization: false, considerNormalization: false));
        }
    }

    private IEnumerable<string> Pieces(string text, bool continuation)
    {
        try
        {
            return preTokenizer.Split(text, continuation);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ModelFormatException(
                $"{Path.Combine(Folder, TokenizerJson.FileName)}: pre_tokenizer: its regular expression took over {e.MatchTimeout.TotalSeconds:0} s on one text: use the tokenizer of the original model.", e);
        }
    }

    private string Normalize(string text) => json.Forms.Aggregate(text, (t, form) => t.Normalize(form));

    // A round trip through UTF-8 replaces what no UTF-8 text can hold.
    internal static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
}
