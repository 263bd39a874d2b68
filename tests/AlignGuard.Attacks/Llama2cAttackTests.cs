using System.Buffers.Binary;
using System.Text;
using AlignGuard.Models;
using AlignGuard.Models.Llama2c;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Attacks;

/// <summary>Each lie that a checkpoint or a tokenizer of llama2.c can tell leads to its own typed fault, to no allocation of the size that it claims, and to no folder.</summary>
public class Llama2cAttackTests
{
    // dim, hidden_dim, layers, heads, key/value heads, vocabulary, positions.
    private static readonly int[] Sizes = [4, 6, 1, 2, 1, 260, 8];

    private const int Embedding = 28, Norm = Embedding + 4 * 260 * 4;

    public static TheoryData<string, Llama2cFault, byte[]> Checkpoints()
    {
        var attacks = new TheoryData<string, Llama2cFault, byte[]>
        {
            { "empty", Llama2cFault.TooShort, [] },
            { "27 bytes", Llama2cFault.TooShort, new byte[27] },
            { "all zeros", Llama2cFault.InvalidSize, new byte[2000] },
            { "a safetensors file", Llama2cFault.InvalidSize, Encoding.ASCII.GetBytes("\x02\0\0\0\0\0\0\0{}" + new string(' ', 100)) },
            { "a zip file (pickle)", Llama2cFault.InvalidSize, [.. "PK\x03\x04"u8, .. new byte[200]] },
            { "version 1", Llama2cFault.OtherVersion, Header(0x616b3432, 1, 64, 172, 5, 8, 4) },
            { "version 2", Llama2cFault.OtherVersion, Header(0x616b3432, 2, 64, 172, 5, 8, 4) },
            { "three heads on a width of four", Llama2cFault.InvalidHeads, With(3, 3) },
            { "key/value heads that do not divide", Llama2cFault.InvalidHeads, With(4, 3) },
            { "more key/value heads than heads", Llama2cFault.InvalidHeads, With(4, 4) },
            { "heads of width one", Llama2cFault.InvalidHeads, With(3, 4) },
            { "cut behind the header", Llama2cFault.Truncated, Whole()[..28] },
            { "cut by one byte", Llama2cFault.Truncated, Whole()[..^1] },
            { "a head promised that is not there", Llama2cFault.Truncated, With(5, -260) },
            { "one byte more", Llama2cFault.TrailingBytes, [.. Whole(), 0] },
            { "a layer less than there is", Llama2cFault.TrailingBytes, [.. Whole(), .. new byte[4 * 1000]] },
            { "sizes whose product is beyond 64 bits", Llama2cFault.Truncated, Header(1 << 24, 1 << 24, 1 << 24, 1, 1, 1 << 24, 1 << 24) },
            { "sizes whose product wraps to what there is", Llama2cFault.Truncated, Header(1 << 16, 1 << 16, 1 << 24, 1, 1, 1 << 16, 2) },
            { "NaN in the embedding", Llama2cFault.NonFinite, Patched(Embedding + 8, float.NaN) },
            { "infinity in a norm", Llama2cFault.NonFinite, Patched(Norm, float.NegativeInfinity) },
        };
        for (var at = 0; at < Sizes.Length; at++)
        {
            attacks.Add($"size {at} is 0", Llama2cFault.InvalidSize, With(at, 0));
            attacks.Add($"size {at} is -2^31", Llama2cFault.InvalidSize, With(at, int.MinValue));
            attacks.Add($"size {at} is 2^31 - 1", Llama2cFault.InvalidSize, With(at, int.MaxValue));
            if (at != 5) attacks.Add($"size {at} is negative", Llama2cFault.InvalidSize, With(at, -Sizes[at]));
        }
        return attacks;
    }

    public static TheoryData<string, Llama2cFault, byte[]> Tokenizers() => new()
    {
        { "empty", Llama2cFault.TooShort, [] },
        { "three bytes", Llama2cFault.TooShort, new byte[3] },
        { "longest 0", Llama2cFault.InvalidSize, Tokens(longest: 0) },
        { "longest -1", Llama2cFault.InvalidSize, Tokens(longest: -1) },
        { "longest 2^31 - 1", Llama2cFault.InvalidSize, Tokens(longest: int.MaxValue) },
        { "cut behind the header", Llama2cFault.Truncated, Tokens()[..4] },
        { "cut within a token", Llama2cFault.Truncated, Tokens()[..^1] },
        { "a token short of the checkpoint's", Llama2cFault.Truncated, Tokens(count: 259) },
        { "a token more than the checkpoint has", Llama2cFault.TrailingBytes, Tokens(count: 261) },
        { "a length of 0", Llama2cFault.InvalidLength, Tokens(id: 259, length: 0) },
        { "a negative length", Llama2cFault.InvalidLength, Tokens(id: 259, length: -1) },
        { "a length of 2^31 - 1", Llama2cFault.InvalidLength, Tokens(id: 259, length: int.MaxValue) },
        { "a length beyond the longest", Llama2cFault.InvalidLength, Tokens(id: 259, length: 7) },
        { "a score that is no number", Llama2cFault.InvalidScore, Tokens(id: 259, score: float.NaN) },
        { "not UTF-8", Llama2cFault.NotUtf8, Tokens(id: 259, text: [0xFF]) },
        { "half a surrogate pair", Llama2cFault.NotUtf8, Tokens(id: 259, text: [0xED, 0xA0, 0x80]) },
        { "a token twice", Llama2cFault.DuplicateToken, Tokens(id: 259, text: "<0x41>"u8.ToArray()) },
        { "bytes as themselves", Llama2cFault.NoByteTokens, Tokens(id: 3 + 'A', text: "A"u8.ToArray()) },
        { "another begin", Llama2cFault.NoByteTokens, Tokens(id: 1, text: "<bos>"u8.ToArray()) },
    };

    [Theory]
    [MemberData(nameof(Checkpoints), DisableDiscoveryEnumeration = true)]
    public void ACheckpointIsRefusedWithItsOwnFault(string what, Llama2cFault expected, byte[] bytes) => Refused(what, expected, bytes, Tokens(), "model.bin");

    [Theory]
    [MemberData(nameof(Tokenizers), DisableDiscoveryEnumeration = true)]
    public void ATokenizerIsRefusedWithItsOwnFault(string what, Llama2cFault expected, byte[] bytes) => Refused(what, expected, Whole(), bytes, "tokenizer.bin");

    [Fact]
    public void ATokenizerForFewerThanTheBytesIsRefused()
    {
        var bytes = Header(4, 6, 1, 2, 1, 100, 8);
        Array.Resize(ref bytes, Length(100));
        Refused("100 tokens", Llama2cFault.NoByteTokens, bytes, Tokens(count: 100), "tokenizer.bin");
    }

    [Fact]
    public void EveryFaultHasAnAttack()
    {
        Llama2cFault[] system = [Llama2cFault.FileMissing, Llama2cFault.NotAFile, Llama2cFault.Unreadable];
        Assert.Empty(Enum.GetValues<Llama2cFault>().Except(system).Except(Checkpoints().Concat(Tokenizers()).Select(row => (Llama2cFault)row[1])));
    }

    [Fact]
    public void AFolderAnAbsentFileAndAForbiddenOneAreTold()
    {
        using var file = new AttackFile();
        var output = Path.Combine(file.Folder, "out");
        Assert.Equal(Llama2cFault.NotAFile, Fault(file.Folder));
        Assert.Equal(Llama2cFault.FileMissing, Fault(Path.Combine(file.Folder, "none.bin")));
        Assert.Equal(Llama2cFault.FileMissing, Fault(Path.Combine(file.Folder, "none", "none.bin")));
        Assert.Equal(Llama2cFault.Unreadable, Fault(file.Folder + "/" + new string('n', 300)));
        Assert.False(Directory.Exists(output));

        Llama2cFault Fault(string path) => Assert.Throws<Llama2cException>(() => Llama2cImport.Run(path, path, output)).Fault;
    }

    /// <summary>Whatever is altered anywhere: it is imported, or refused by a fault of its own.</summary>
    [Property(MaxTest = 120, QuietOnSuccess = true)]
    public Property ABytesMutationIsImportedOrRefused() => Prop.ForAll(
        (from @of in Gen.Elements(true, false)
         from at in Gen.Choose(0, 2000)
         from value in Gen.Choose(0, 255)
         from cut in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 300)))
         select (@of, at, value, cut)).ToArbitrary(),
        m =>
        {
            using var file = new AttackFile();
            var (checkpoint, tokens) = (Whole(), Tokens());
            var altered = m.@of ? checkpoint : tokens;
            altered[m.at % Math.Min(altered.Length, m.@of ? 64 : altered.Length)] = (byte)m.value;
            if (m.@of) checkpoint = checkpoint[..^m.cut];
            else tokens = tokens[..^m.cut];
            try
            {
                Import(file, checkpoint, tokens);
                return Directory.Exists(Path.Combine(file.Folder, "out"));
            }
            catch (Llama2cException)
            {
                return !Directory.Exists(Path.Combine(file.Folder, "out"));
            }
        });

    private static void Refused(string what, Llama2cFault expected, byte[] checkpoint, byte[] tokenizer, string culprit)
    {
        using var file = new AttackFile();
        // A good pair is imported: what is refused below is the lie.
        Import(file, Whole(), Tokens());
        Directory.Delete(Path.Combine(file.Folder, "out"), recursive: true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = Assert.Throws<Llama2cException>(() => Import(file, checkpoint, tokenizer));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(fault.Fault == expected, $"{what}: {fault.Fault} in place of {expected}: {fault.Message}");
        Assert.StartsWith(Path.Combine(file.Folder, culprit), fault.Message);
        Assert.True(fault.Message.Length < file.Folder.Length + 400, $"{what}: a message of {fault.Message.Length} characters");
        Assert.DoesNotContain(fault.Message, char.IsControl);
        Assert.False(Directory.Exists(Path.Combine(file.Folder, "out")));
        Assert.True(allocated < 500_000, $"{what}: {allocated:N0} bytes allocated");
    }

    private static void Import(AttackFile file, byte[] checkpoint, byte[] tokenizer)
    {
        var (model, tokens) = (Path.Combine(file.Folder, "model.bin"), Path.Combine(file.Folder, "tokenizer.bin"));
        File.WriteAllBytes(model, checkpoint);
        File.WriteAllBytes(tokens, tokenizer);
        Llama2cImport.Run(model, tokens, Path.Combine(file.Folder, "out"));
    }

    private static int Length(int vocabulary) => 28 + 4 * (vocabulary * 4 + 2 * 4 + (2 * 16 + 2 * 8 + 3 * 24) + 4 + 8 * 2);

    private static byte[] Whole()
    {
        var bytes = new byte[Length(260)];
        Header(Sizes).CopyTo(bytes, 0);
        return bytes;
    }

    private static byte[] With(int at, int size)
    {
        var bytes = Whole();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * at), size);
        return bytes;
    }

    private static byte[] Patched(int at, float value)
    {
        var bytes = Whole();
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    private static byte[] Header(params int[] sizes)
    {
        var bytes = new byte[28];
        for (var i = 0; i < sizes.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), sizes[i]);
        return bytes;
    }

    /// <summary>A tokenizer of <paramref name="count"/> tokens, one of which, <paramref name="id"/>, is altered.</summary>
    private static byte[] Tokens(int count = 260, int longest = 6, int id = -1, byte[]? text = null, int? length = null, float score = 0)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(longest);
        for (var i = 0; i < count; i++)
        {
            var own = i == id && text is not null ? text : Encoding.UTF8.GetBytes(i switch { 0 => "<unk>", 1 => "\n<s>\n", 2 => "\n</s>\n", < 259 => $"<0x{i - 3:X2}>", _ => ((char)('a' + i - 259)).ToString() });
            writer.Write(i == id ? score : 0f);
            writer.Write(i == id && length is { } given ? given : own.Length);
            writer.Write(own);
        }
        return stream.ToArray();
    }
}
