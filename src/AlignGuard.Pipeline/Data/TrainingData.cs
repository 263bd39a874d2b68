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
    public static TrainingData Load(string source, RowReading reading, ChatFormat chat, int seqLen, DataPart part) =>
        Tokenise(RowSource.Read(source, reading, part), chat, seqLen, reading.MostSkipped);

    /// <summary>Writes the rows in the model's chat format and cuts them on the right after <paramref name="seqLen"/> tokens.</summary>
    /// <param name="seqLen">At least 2: a token and the one it predicts.</param>
    /// <param name="mostSkipped">As of <see cref="RowReading.MostSkipped"/>: rows without a response token may be left out too.</param>
    /// <exception cref="UserFaultException">Rows with no response token within <paramref name="seqLen"/>: the first 50, and how many there are.</exception>
    public static TrainingData Tokenise(RowSet texts, ChatFormat chat, int seqLen, double? mostSkipped = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 2);
        var problems = new RowProblems(texts.Source);
        var rows = new List<TokenRow>(texts.Rows.Count);
        var (truncated, longest) = (0, 0);
        var (tokens, responseTokens, cut) = (0L, 0L, 0L);
        string? example = null;
        var masked = new List<DataRow>();
        foreach (var text in texts.Rows)
        {
            var (ids, isResponse) = Encode(text, chat);
            longest = Math.Max(longest, ids.Length);
            var begin = Array.IndexOf(isResponse, true, 1);
            if (begin < 0 || begin >= seqLen)
            {
                problems.Add(text.Place, $"its loss is fully masked: the prompt takes {begin:N0} tokens, the response begins behind the {seqLen:N0} of train.seqLen. "
                    + $"Raise train.seqLen to {ids.Length:N0} (the whole row; {begin + 1:N0} at the least), or shorten the prompt.");
                masked.Add(text);
                continue;
            }
            if (ids.Length > seqLen)
            {
                truncated++;
                cut += ids.Length - seqLen;
                example ??= $"{text.Place}: has {ids.Length:N0} tokens, more than the {seqLen:N0} of train.seqLen";
                (ids, isResponse) = (ids[..seqLen], isResponse[..seqLen]);
            }
            var row = new TokenRow(ids, isResponse);
            tokens += ids.Length;
            responseTokens += row.ResponseTokens;
            rows.Add(row);
        }
        if (mostSkipped is { } most && rows.Count > 0)
        {
            Quarantine.RefuseMany(texts.Source, problems, texts.Quarantined.Count + masked.Count, rows.Count, most);
            texts = Without(texts, masked);
        }
        else problems.ThrowIfAny();
        var report = new DataReport(rows.Count, tokens, responseTokens, longest, truncated, cut, texts.DuplicateRows);
        return new TrainingData(rows, texts, report, example is null ? texts.Warnings
            : [.. texts.Warnings, $"{example}; {truncated:N0} of {rows.Count:N0} rows are cut and lose {cut:N0} tokens in all: raise train.seqLen to {longest:N0} to keep them."]);
    }

    internal static EncodedChat Encode(DataRow row, ChatFormat chat) => row.Messages is [{ Role: PlainTextLayout.Role }] ? chat.EncodeText(row.Response) : chat.Encode(row.Messages);

    /// <summary>The same rows without some, which are quarantined; its hash is of what is left.</summary>
    private static RowSet Without(RowSet texts, List<DataRow> masked)
    {
        if (masked.Count == 0) return texts;
        var without = masked.ToHashSet(ReferenceEqualityComparer.Instance);
        using var rows = new RowSetBuilder(texts.Source);
        foreach (var row in texts.Rows)
        {
            if (!without.Contains(row)) rows.Add(row);
            else rows.PutAside(row.Place, System.Text.Encoding.UTF8.GetBytes(string.Join('\n', row.Messages.Select(m => m.Content))), ["its loss is fully masked within train.seqLen."]);
        }
        return rows.Build(texts.Format) with { Quarantined = [.. texts.Quarantined, .. rows.Quarantined] };
    }
}
