using System.Text;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using Xunit;
using static AlignGuard.Attacks.AttackFile;
using static TorchSharp.torch;

namespace AlignGuard.Attacks;

/// <summary>Each lie a header can tell leads to its own typed fault, and to no allocation of the size that it claims.</summary>
public class SafetensorsAttackTests
{
    private const string Whole = "\"shape\":[2],\"data_offsets\":[0,8]";

    public static TheoryData<string, SafetensorsFault, byte[]> Attacks()
    {
        var attacks = new TheoryData<string, SafetensorsFault, byte[]>();
        void Raw(string what, SafetensorsFault fault, byte[] bytes) => attacks.Add(what, fault, bytes);
        void Header(string what, SafetensorsFault fault, string header, int data = 8) => Raw(what, fault, Bytes(header, data));
        void Tensor(string what, SafetensorsFault fault, string dtype, string shape, string offsets, int data = 8) =>
            Header(what, fault, "{" + Entry("w", dtype, shape, offsets) + "}", data);

        Raw("empty file", SafetensorsFault.TooShort, []);
        Raw("seven bytes", SafetensorsFault.TooShort, new byte[7]);
        Raw("header length 0", SafetensorsFault.HeaderNotJson, new byte[8]);
        Raw("header length -1", SafetensorsFault.HeaderTooLarge, Bytes("{}", length: ulong.MaxValue));
        Raw("header length -2^63", SafetensorsFault.HeaderTooLarge, Bytes("{}", length: 1UL << 63));
        Raw("header length 2^62", SafetensorsFault.HeaderTooLarge, Bytes("{}", length: 1UL << 62));
        Raw("header length one above the cap", SafetensorsFault.HeaderTooLarge, Bytes("{}", length: (ulong)SafetensorsLimits.MaxHeaderBytes + 1));
        Raw("header length at the cap, file of 10 bytes", SafetensorsFault.HeaderBeyondFile, Bytes("{}", length: (ulong)SafetensorsLimits.MaxHeaderBytes));
        Raw("header one byte beyond the file", SafetensorsFault.HeaderBeyondFile, Bytes("{}", length: 3));
        Raw("a zip file (pickle)", SafetensorsFault.HeaderTooLarge, [.. "PK\x03\x04"u8, .. new byte[200]]);
        Raw("header not UTF-8", SafetensorsFault.HeaderNotUtf8, Bytes([(byte)'{', (byte)'"', 0xFF, 0xFE, (byte)'"', (byte)'}']));
        Raw("name in overlong UTF-8", SafetensorsFault.HeaderNotUtf8, Bytes([(byte)'{', (byte)'"', 0xC0, 0xAF, (byte)'"', (byte)'}']));

        Header("no JSON", SafetensorsFault.HeaderNotJson, "hello");
        Header("a list", SafetensorsFault.HeaderNotJson, "[]");
        Header("a second value", SafetensorsFault.HeaderNotJson, "{}{}", 0);
        Header("text after the object", SafetensorsFault.HeaderNotJson, "{} x", 0);
        Header("NUL padding", SafetensorsFault.HeaderNotJson, "{}\0\0", 0);
        Header("a comment", SafetensorsFault.HeaderNotJson, "{/* */}", 0);
        Header("a trailing comma", SafetensorsFault.HeaderNotJson, "{" + Entry("w", "F32", "[2]", "[0,8]") + ",}");
        Header("cut JSON", SafetensorsFault.HeaderNotJson, "{\"w\":{\"dtype\":\"F32\",");
        Header("100,000 lists deep", SafetensorsFault.HeaderNotJson, new string('[', 100_000));
        Header("100,000 objects deep", SafetensorsFault.InvalidEntry, string.Concat(Enumerable.Repeat("{\"a\":", 100_000)));
        Header("shape 100,000 lists deep", SafetensorsFault.InvalidShape, "{\"w\":{\"dtype\":\"F32\",\"shape\":" + new string('[', 100_000));
        Header("bytes without a tensor", SafetensorsFault.TrailingBytes, "{}");

        Header("name twice", SafetensorsFault.DuplicateName, "{" + Entry("w", "F32", "[1]", "[0,4]") + "," + Entry("w", "F32", "[1]", "[4,8]") + "}");
        Header("name twice, once escaped", SafetensorsFault.DuplicateName, "{" + Entry("w", "F32", "[1]", "[0,4]") + "," + Entry("\\u0077", "F32", "[1]", "[4,8]") + "}");
        Header("metadata twice", SafetensorsFault.DuplicateName, "{\"__metadata__\":{},\"__metadata__\":{}}", 0);
        Header("metadata key twice", SafetensorsFault.DuplicateName, "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0);
        Header("metadata of numbers", SafetensorsFault.InvalidMetadata, "{\"__metadata__\":{\"a\":1}}", 0);
        Header("metadata nested", SafetensorsFault.InvalidMetadata, "{\"__metadata__\":{\"a\":{}}}", 0);
        Header("metadata a list", SafetensorsFault.InvalidMetadata, "{\"__metadata__\":[]}", 0);
        Header("name with NUL", SafetensorsFault.InvalidName, "{" + Entry("w\\u0000", "F32", "[2]", "[0,8]") + "}");
        Header("name with an escape sequence", SafetensorsFault.InvalidName, "{" + Entry("\\u001b[31mw", "F32", "[2]", "[0,8]") + "}");
        Header("name empty", SafetensorsFault.InvalidName, "{" + Entry("", "F32", "[2]", "[0,8]") + "}");
        Header("name of 1025 characters", SafetensorsFault.InvalidName, "{" + Entry(new string('n', 1025), "F32", "[2]", "[0,8]") + "}");
        Header("name half a surrogate pair", SafetensorsFault.InvalidName, "{" + Entry("\\ud800", "F32", "[2]", "[0,8]") + "}");

        Header("entry a number", SafetensorsFault.InvalidEntry, "{\"w\":1}");
        Header("entry empty", SafetensorsFault.InvalidEntry, "{\"w\":{}}");
        Header("no dtype", SafetensorsFault.InvalidEntry, "{\"w\":{" + Whole + "}}");
        Header("no shape", SafetensorsFault.InvalidEntry, "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}");
        Header("no offsets", SafetensorsFault.InvalidEntry, "{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}");
        Header("dtype twice", SafetensorsFault.InvalidEntry, "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"I64\"," + Whole + "}}");
        Header("an unknown key", SafetensorsFault.InvalidEntry, "{\"w\":{\"dtype\":\"F32\",\"x\":1," + Whole + "}}");
        Header("dtype a number", SafetensorsFault.InvalidEntry, "{\"w\":{\"dtype\":5," + Whole + "}}");
        Header("shape a string", SafetensorsFault.InvalidEntry, "{\"w\":{\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8]}}");

        Tensor("dtype unknown", SafetensorsFault.UnknownDtype, "F33", "[2]", "[0,8]");
        Tensor("dtype in lower case", SafetensorsFault.UnknownDtype, "f32", "[2]", "[0,8]");
        Tensor("dtype of the format that is not loaded", SafetensorsFault.UnsupportedDtype, "F8_E4M3", "[8]", "[0,8]");
        Tensor("dtype of another width", SafetensorsFault.LengthMismatch, "F64", "[2]", "[0,8]");
        Tensor("dimension -1", SafetensorsFault.InvalidShape, "F32", "[-1]", "[0,8]");
        Tensor("dimension 2.0", SafetensorsFault.InvalidShape, "F32", "[2.0]", "[0,8]");
        Tensor("dimension 2e0", SafetensorsFault.InvalidShape, "F32", "[2e0]", "[0,8]");
        Tensor("dimension 2^63", SafetensorsFault.InvalidShape, "F32", "[9223372036854775808]", "[0,8]");
        Tensor("dimension null", SafetensorsFault.InvalidShape, "F32", "[null]", "[0,8]");
        Tensor("65 dimensions", SafetensorsFault.InvalidShape, "F32", "[2" + string.Concat(Enumerable.Repeat(",1", 64)) + "]", "[0,8]");
        Tensor("a million dimensions", SafetensorsFault.InvalidShape, "F32", "[1" + string.Concat(Enumerable.Repeat(",1", 1_000_000)) + "]", "[0,8]");
        Tensor("product 2^64 wraps to 0", SafetensorsFault.ShapeOverflow, "U8", "[4294967296,4294967296]", "[0,0]", 0);
        Tensor("product 2^64+8 wraps to 8", SafetensorsFault.ShapeOverflow, "F64", "[2305843009213693953]", "[0,8]");
        Tensor("a zero hides an overflow", SafetensorsFault.ShapeOverflow, "F32", "[0,9223372036854775807,9223372036854775807]", "[0,0]", 0);
        Tensor("an exabyte in eight bytes", SafetensorsFault.LengthMismatch, "U8", "[1152921504606846976]", "[0,8]");
        Tensor("an exabyte beyond the file", SafetensorsFault.OffsetsBeyondFile, "U8", "[1152921504606846976]", "[0,1152921504606846976]");
        Tensor("offsets near 2^63", SafetensorsFault.OffsetsBeyondFile, "F32", "[2]", "[9223372036854775799,9223372036854775807]");
        Tensor("offsets above 2^63", SafetensorsFault.InvalidOffsets, "F32", "[2]", "[18446744073709551608,18446744073709551615]");
        Tensor("offsets reversed", SafetensorsFault.InvalidOffsets, "F32", "[2]", "[8,0]");
        Tensor("offsets negative", SafetensorsFault.InvalidOffsets, "F32", "[2]", "[-8,0]");
        Tensor("one offset", SafetensorsFault.InvalidOffsets, "F32", "[2]", "[0]");
        Tensor("three offsets", SafetensorsFault.InvalidOffsets, "F32", "[2]", "[0,8,8]");
        Tensor("offset a string", SafetensorsFault.InvalidOffsets, "F32", "[2]", "[\"0\",8]");
        Tensor("end beyond the file", SafetensorsFault.OffsetsBeyondFile, "F32", "[2]", "[0,8]", 7);
        Tensor("a gap at the beginning", SafetensorsFault.Gap, "F32", "[2]", "[4,12]", 12);
        Tensor("bytes after the end", SafetensorsFault.TrailingBytes, "F32", "[2]", "[0,8]", 9);
        Header("overlap", SafetensorsFault.Overlap, "{" + Entry("a", "F32", "[2]", "[0,8]") + "," + Entry("b", "F32", "[2]", "[4,12]") + "}", 12);
        Header("the same bytes twice", SafetensorsFault.Overlap, "{" + Entry("a", "F32", "[2]", "[0,8]") + "," + Entry("b", "F32", "[2]", "[0,8]") + "}");
        Header("an empty tensor inside another", SafetensorsFault.Overlap, "{" + Entry("a", "F32", "[2]", "[0,8]") + "," + Entry("b", "F32", "[0]", "[4,4]") + "}");
        Header("a gap between", SafetensorsFault.Gap, "{" + Entry("a", "F32", "[1]", "[0,4]") + "," + Entry("b", "F32", "[1]", "[8,12]") + "}", 12);
        return attacks;
    }

    [Theory]
    [MemberData(nameof(Attacks), DisableDiscoveryEnumeration = true)]
    public void IsRefusedWithItsOwnFault(string what, SafetensorsFault expected, byte[] bytes)
    {
        using var file = new AttackFile().With(bytes);
        var (fault, allocated) = Open(file.Path);
        Assert.True(fault.Fault == expected, $"{what}: {fault.Fault} in place of {expected}: {fault.Message}");
        Assert.StartsWith(file.Path, fault.Message);
        Assert.True(fault.Message.Length < file.Path.Length + 400, $"{what}: a message of {fault.Message.Length} characters");
        Assert.DoesNotContain(fault.Message, char.IsControl);
        // The header's own bytes, twice for what is kept of it, and the exception.
        Assert.True(allocated < 200_000 + 3L * bytes.Length, $"{what}: {allocated:N0} bytes allocated for a file of {bytes.Length:N0}");
    }

    [Fact]
    public void EveryFaultOfAHeaderHasAnAttack()
    {
        SafetensorsFault[] elsewhere =
        [
            SafetensorsFault.FileMissing, SafetensorsFault.NotAFile, SafetensorsFault.Unreadable, SafetensorsFault.TruncatedPayload,
            SafetensorsFault.InvalidBool, SafetensorsFault.NonFinite, SafetensorsFault.TensorMissing, SafetensorsFault.TooManyTensors,
        ];
        var attacked = Attacks().Select(row => (SafetensorsFault)row[1]).ToHashSet();
        Assert.Empty(Enum.GetValues<SafetensorsFault>().Except(elsewhere).Except(attacked));
    }

    [Fact]
    public void TooManyTensorsAreRefusedByCountAndAMillionBySize()
    {
        static string Many(int count) => "{" + string.Join(',', Enumerable.Range(0, count).Select(i => Entry("t" + i, "U8", "[0]", "[0,0]"))) + "}";
        using var file = new AttackFile();
        Assert.Equal(SafetensorsFault.TooManyTensors, Open(file.With(Bytes(Many(SafetensorsLimits.MaxTensors + 1))).Path).Fault.Fault);
        var (fault, allocated) = Open(file.With(Bytes(Many(1_000_000))).Path);
        Assert.Equal(SafetensorsFault.HeaderTooLarge, fault.Fault);
        Assert.True(allocated < 200_000, $"{allocated:N0} bytes allocated");
    }

    [Fact]
    public void AFileCutAnywhereIsRefused()
    {
        using var file = new AttackFile();
        using var scope = NewDisposeScope();
        SafetensorsFile.Save(file.Path, new Dictionary<string, Tensor> { ["a"] = ones(3), ["b.weight"] = ones([2, 2], dtype: ScalarType.BFloat16) });
        var bytes = File.ReadAllBytes(file.Path);
        var header = 8 + (int)BitConverter.ToUInt64(bytes);
        for (var length = 0; length < bytes.Length; length++)
        {
            var expected = length < 8 ? SafetensorsFault.TooShort : length < header ? SafetensorsFault.HeaderBeyondFile : SafetensorsFault.OffsetsBeyondFile;
            Assert.Equal((length, expected), (length, Open(file.With(bytes[..length]).Path).Fault.Fault));
        }
    }

    [Fact]
    public void AFolderAnAbsentFileAndAForbiddenOneAreTold()
    {
        using var file = new AttackFile();
        Assert.Equal(SafetensorsFault.NotAFile, Open(file.Folder).Fault.Fault);
        Assert.Equal(SafetensorsFault.FileMissing, Open(file.Path).Fault.Fault);
        Assert.Equal(SafetensorsFault.FileMissing, Open(file.Path + "/x").Fault.Fault);
        Assert.Equal(SafetensorsFault.Unreadable, Open(file.Folder + "/" + new string('n', 300)).Fault.Fault);
    }

    [Fact]
    public void AFileThatShrinksWhileItIsOpenIsNoticed()
    {
        using var attack = new AttackFile().With(Bytes("{" + Entry("w", "F32", "[2]", "[0,8]") + "}", 8));
        using var file = SafetensorsFile.Open(attack.Path);
        using (var writer = new FileStream(attack.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) writer.SetLength(writer.Length - 1);
        var fault = Assert.Throws<SafetensorsException>(() => file.Read("w"));
        Assert.Equal((SafetensorsFault.TruncatedPayload, "w"), (fault.Fault, fault.Tensor));
        Assert.Equal(SafetensorsFault.TensorMissing, Assert.Throws<SafetensorsException>(() => file.Read("v")).Fault);
    }

    [Fact]
    public void ABoolThatIsNeitherZeroNorOneIsRefused()
    {
        var bytes = Bytes("{" + Entry("mask", "BOOL", "[3]", "[0,3]") + "}", 3);
        bytes[^2] = 2;
        using var file = new AttackFile().With(bytes);
        Assert.Equal(SafetensorsFault.InvalidBool, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Load(file.Path)).Fault);
    }

    [Fact]
    public void ANaNPayloadIsNamed()
    {
        var bytes = Bytes("{" + Entry("w", "F32", "[2,1]", "[0,8]") + "}", 8);
        BitConverter.TryWriteBytes(bytes.AsSpan(^4), float.NaN);
        using var file = new AttackFile().With(bytes);
        var fault = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Load(file.Path, requireFinite: true));
        Assert.Equal((SafetensorsFault.NonFinite, "w"), (fault.Fault, fault.Tensor));
        Assert.Contains("[1, 0] is NaN", fault.Message);
    }

    [Fact]
    public void UnusualButValidFilesLoad()
    {
        using var scope = NewDisposeScope();
        using var file = new AttackFile();
        Assert.Empty(SafetensorsFile.Load(file.With(Bytes("{}")).Path));
        Assert.Empty(SafetensorsFile.Load(file.With(Bytes("{\"__metadata__\":{}}   \n")).Path));
        Assert.Equal([0, 5], SafetensorsFile.Load(file.With(Bytes("{" + Entry("empty", "F16", "[0,5]", "[0,0]") + "}")).Path)["empty"].shape);
        Assert.Empty(SafetensorsFile.Load(file.With(Bytes("{" + Entry("scalar", "I64", "[]", "[0,8]") + "}", 8)).Path)["scalar"].shape);
        var around = "{" + Entry("z", "F32", "[1]", "[0,4]") + "," + Entry("none", "F32", "[0]", "[4,4]") + "," + Entry("a", "F32", "[1]", "[4,8]") + "}";
        Assert.Equal(3, SafetensorsFile.Load(file.With(Bytes(around, 8)).Path).Count);
    }

    private static (SafetensorsException Fault, long Allocated) Open(string path)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));
        return (fault, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
