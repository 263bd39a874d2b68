using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>Collects rows, their common hash and the rows that occur twice.</summary>
internal sealed class RowSetBuilder(string source) : IDisposable
{
    private readonly List<DataRow> rows = [];
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<UInt128, RowPlace> first = [];
    private (RowPlace Row, RowPlace Earlier)? example;
    private int duplicates;

    private readonly List<QuarantinedRow> quarantined = [];

    public int Count => rows.Count;

    public IReadOnlyList<QuarantinedRow> Quarantined => quarantined;

    /// <summary>A row that is left out: where and why, and a hash by which its owner can find it; never its text.</summary>
    public void PutAside(RowPlace place, ReadOnlySpan<byte> content, IReadOnlyList<string> reasons) =>
        quarantined.Add(new QuarantinedRow(place.Source, place.Line, place.Row, reasons, Convert.ToHexStringLower(SHA256.HashData(content))));

    public void Add(DataRow row)
    {
        var digest = Digest(row.Messages);
        hash.AppendData(digest);
        // Half of a SHA-256: no two different rows share it by chance.
        if (!first.TryAdd(BinaryPrimitives.ReadUInt128LittleEndian(digest), row.Place))
        {
            duplicates++;
            example ??= (row.Place, first[BinaryPrimitives.ReadUInt128LittleEndian(digest)]);
        }
        rows.Add(row);
    }

    public RowSet Build(RowFormat format)
    {
        string[] warnings = example is var (row, earlier)
            ? [$"{row}: is the same row as {earlier}; {duplicates:N0} of {rows.Count:N0} rows repeat an earlier one and count more than once: remove them unless that is meant."]
            : [];
        return new RowSet(source, format, rows, Convert.ToHexStringLower(hash.GetHashAndReset()), duplicates, warnings) { Quarantined = quarantined };
    }

    public void Dispose() => hash.Dispose();

    /// <summary>SHA-256 of a conversation, as <see cref="RowSet.Sha256"/> says.</summary>
    public static byte[] Digest(IReadOnlyList<ChatMessage> messages)
    {
        var bytes = new MemoryStream();
        Number(messages.Count);
        foreach (var (role, content) in messages)
        {
            Text(role);
            Text(content);
        }
        return SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));

        void Text(string text)
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            Number(utf8.Length);
            bytes.Write(utf8);
        }

        void Number(int value)
        {
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(four, value);
            bytes.Write(four);
        }
    }
}
