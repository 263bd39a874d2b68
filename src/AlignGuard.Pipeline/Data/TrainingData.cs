using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>What came of turning rows into tokens.</summary>
/// <param name="Tokens">Of all rows, as far as they are used: up to seqLen of each.</param>
/// <param name="ResponseTokens">Those of them that the loss counts.</param>
/// <param name="LongestRow">Tokens of the longest row, before any cut.</param>
/// <param name="TruncatedRows">Rows longer than seqLen.</param>
/// <param name="CutTokens">Tokens that they lose.</param>
/// <param name="DuplicateRows">Rows equal to an earlier one.</param>
public sealed record DataReport(int Rows, long Tokens, long ResponseTokens, int LongestRow, int TruncatedRows, long CutTokens, int DuplicateRows);

/// <summary>Rows ready to be trained on or scored.</summary>
/// <param name="Rows">In the order of <see cref="Texts"/>; none longer than seqLen, each with a response token. Every assistant turn counts.</param>
/// <param name="Texts">The conversations they were made from.</param>
/// <param name="Warnings">One sentence for each thing that is allowed but worth a look.</param>
public sealed record TrainingData(IReadOnlyList<TokenRow> Rows, RowSet Texts, DataReport Report, IReadOnlyList<string> Warnings)
{
    /// <summary>See <see cref="RowSet.Sha256"/>: of the texts, whatever the tokenizer.</summary>
    public string Sha256 => Texts.Sha256;

    /// <summary>Reads a source (<see cref="RowSource.Read"/>) and tokenises it.</summary>
    /// <exception cref="UserFaultException">As for <see cref="RowSource.Read"/> and <see cref="Tokenise"/>.</exception>
    public static TrainingData Load(string source, RowReading reading, ConversationFormat chat, int seqLen, DataPart part) =>
        Tokenise(RowSource.Read(source, reading, part), chat, seqLen, reading.MostSkipped);

    /// <summary>Writes the rows in the model's chat format and cuts them on the right after <paramref name="seqLen"/> tokens.</summary>
    /// <param name="seqLen">At least 2: a token and the one it predicts.</param>
    /// <param name="mostSkipped">As of <see cref="RowReading.MostSkipped"/>: such rows may be left out too.</param>
    /// <exception cref="UserFaultException">Rows that the chat format refuses, or with no response token within <paramref name="seqLen"/>: the first 50, and how many there are.</exception>
    public static TrainingData Tokenise(RowSet texts, ConversationFormat chat, int seqLen, double? mostSkipped = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 2);
        var problems = new RowProblems(texts.Source);
        var rows = new List<TokenRow>(texts.Rows.Count);
        var (truncated, longest) = (0, 0);
        var (tokens, responseTokens, cut) = (0L, 0L, 0L);
        string? example = null;
        var unfit = new Dictionary<DataRow, IReadOnlyList<string>>(ReferenceEqualityComparer.Instance);
        foreach (var text in texts.Rows)
        {
            var (encoded, reasons) = Encode(text, chat, seqLen);
            // An encoder's source has a length of its own.
            var length = Math.Max(encoded?.Ids.Length ?? 0, encoded?.Source?.Length ?? 0);
            longest = Math.Max(longest, length);
            if (encoded is null || reasons.Count > 0)
            {
                foreach (var reason in reasons) problems.Add(text.Place, reason);
                unfit[text] = reasons;
                continue;
            }
            var (ids, isResponse, source) = (encoded.Ids, encoded.IsResponse, encoded.Source);
            if (length > seqLen)
            {
                truncated++;
                cut += Math.Max(0, ids.Length - seqLen) + Math.Max(0, (source?.Length ?? 0) - seqLen);
                example ??= $"{text.Place}: has {length:N0} tokens, more than the {seqLen:N0} of train.seqLen";
                if (ids.Length > seqLen) (ids, isResponse) = (ids[..seqLen], isResponse[..seqLen]);
                // Its end stays what the encoder knows for an end.
                if (source?.Length > seqLen) source = [.. source[..(seqLen - 1)], source[^1]];
            }
            var row = new TokenRow(ids, isResponse) { Source = source };
            tokens += ids.Length + (source?.Length ?? 0);
            responseTokens += row.ResponseTokens;
            rows.Add(row);
        }
        if (mostSkipped is { } most && rows.Count > 0)
        {
            Quarantine.RefuseMany(texts.Source, problems, texts.Quarantined.Count + unfit.Count, rows.Count, most);
            texts = Without(texts, unfit);
        }
        else problems.ThrowIfAny();
        var report = new DataReport(rows.Count, tokens, responseTokens, longest, truncated, cut, texts.DuplicateRows);
        return new TrainingData(rows, texts, report, example is null ? texts.Warnings
            : [.. texts.Warnings, $"{example}; {truncated:N0} of {rows.Count:N0} rows are cut and lose {cut:N0} tokens in all: raise train.seqLen to {longest:N0} to keep them."]);
    }

    /// <exception cref="UserFaultException">What keeps the row from being written as a conversation, each with the row's place.</exception>
    internal static EncodedChat Encode(DataRow row, ConversationFormat chat)
    {
        try
        {
            return row.Messages is [{ Role: PlainTextLayout.Role }] ? chat.EncodeText(row.Response) : chat.Encode(row.Messages);
        }
        catch (UserFaultException e)
        {
            throw new UserFaultException([.. e.Problems.Select(p => $"{row.Place}: {p}")], e);
        }
    }

    /// <summary>The row's tokens, as far as it has any, and why it can not be trained on.</summary>
    private static (EncodedChat? Encoded, IReadOnlyList<string> Reasons) Encode(DataRow row, ConversationFormat chat, int seqLen)
    {
        EncodedChat encoded;
        try
        {
            encoded = Encode(row, chat);
        }
        catch (UserFaultException e)
        {
            return (null, [.. e.Problems.Select(p => p[$"{row.Place}: ".Length..])]);
        }
        // Nothing comes before the first token that could predict it.
        var begin = Array.IndexOf(encoded.IsResponse, true, 1);
        if (begin < 0) return (encoded, ["its loss is fully masked: none of its tokens is a response behind another token. Write an answer, or remove the row."]);
        return (encoded, begin < seqLen ? [] : [$"its loss is fully masked: the prompt takes {begin:N0} tokens, the response begins behind the {seqLen:N0} of train.seqLen. "
            + $"Raise train.seqLen to {encoded.Ids.Length:N0} (the whole row; {begin + 1:N0} at the least), or shorten the prompt."]);
    }

    /// <summary>The same rows without some, which are quarantined; its hash is of what is left.</summary>
    internal static RowSet Without(RowSet texts, Dictionary<DataRow, IReadOnlyList<string>> unfit)
    {
        if (unfit.Count == 0) return texts;
        using var rows = new RowSetBuilder(texts.Source);
        foreach (var row in texts.Rows)
        {
            if (!unfit.TryGetValue(row, out var reasons)) rows.Add(row);
            else rows.PutAside(row.Place, System.Text.Encoding.UTF8.GetBytes(string.Join('\n', row.Messages.Select(m => m.Content))), reasons);
        }
        return rows.Build(texts.Format) with { Quarantined = [.. texts.Quarantined, .. rows.Quarantined] };
    }
}
