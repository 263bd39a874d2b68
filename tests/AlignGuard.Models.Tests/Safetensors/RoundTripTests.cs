using AlignGuard.Models.Safetensors;
using FsCheck.Xunit;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Models.Tests.Safetensors;

public class RoundTripTests
{
    [Property(Arbitrary = [typeof(TensorGenerators)])]
    public bool ReadingWhatWasWrittenGivesTheSameBits(Dictionary<string, TensorData> tensors)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["note"] = "“quoted” \"\\\n" };
        SafetensorsFile.Save(folder.File("x.safetensors"), tensors.ToDictionary(t => t.Key, t => t.Value.ToTensor()), metadata);

        using var file = SafetensorsFile.Open(folder.File("x.safetensors"));
        return file.Names.ToHashSet().SetEquals(tensors.Keys)
            && file.Metadata.OrderBy(m => m.Key).SequenceEqual(metadata.OrderBy(m => m.Key))
            && tensors.All(t => TensorData.Of(file.Read(t.Key)).Same(t.Value)
                && file.Info(t.Key).Shape.SequenceEqual(t.Value.Shape) && file.Info(t.Key).Dtype == t.Value.Dtype);
    }

    [Property(Arbitrary = [typeof(TensorGenerators)])]
    public bool TheBytesDoNotDependOnTheOrderOfTheTensors(Dictionary<string, TensorData> tensors)
    {
        using var scope = NewDisposeScope();
        var live = tensors.Select(t => KeyValuePair.Create(t.Key, t.Value.ToTensor())).ToList();
        return Bytes(live).SequenceEqual(Bytes(Enumerable.Reverse(live)));
    }

    [Property(Arbitrary = [typeof(TensorGenerators)])]
    public bool TheHeaderIsPaddedToEightBytesAndTheDataIsAligned(Dictionary<string, TensorData> tensors)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("x.safetensors");
        SafetensorsFile.Save(path, tensors.ToDictionary(t => t.Key, t => t.Value.ToTensor()));
        using var file = SafetensorsFile.Open(path);
        return BitConverter.ToUInt64(File.ReadAllBytes(path)) % 8 == 0
            && tensors.All(t => file.Info(t.Key).ByteLength == 0 || file.Info(t.Key).Offset % TensorGenerators.Dtypes.Single(d => d.Type == t.Value.Dtype).Size == 0);
    }

    [Fact]
    public void AllBf16BitPatternsSurvive()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var bits = Enumerable.Range(0, 1 << 16).SelectMany(i => BitConverter.GetBytes((ushort)i)).ToArray();
        var data = new TensorData(ScalarType.BFloat16, [256, 256], bits);
        SafetensorsFile.Save(folder.File("x"), new Dictionary<string, Tensor> { ["w"] = data.ToTensor() });
        var back = SafetensorsFile.Load(folder.File("x"))["w"];
        Assert.Equal(bits, back.bytes.ToArray());
        Assert.Equal(1.0f, back.view(-1)[0x3F80].to(ScalarType.Float32).item<float>());
    }

    [Fact]
    public void ViewsAndGradientsAreWrittenByTheirValues()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var tensor = arange(12, dtype: ScalarType.Float32).view(3, 4).requires_grad_(true);
        SafetensorsFile.Save(folder.File("x"), new Dictionary<string, Tensor> { ["t"] = tensor.t(), ["row"] = tensor[1] });
        var back = SafetensorsFile.Load(folder.File("x"));
        Assert.Equal([0f, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], back["t"].data<float>().ToArray());
        Assert.Equal([4f, 5, 6, 7], back["row"].data<float>().ToArray());
        Assert.False(back["t"].requires_grad);
    }

    [Property(Arbitrary = [typeof(TensorGenerators)])]
    public bool ChunksOfATensorJoinToItsBytes(TensorData data)
    {
        using var scope = NewDisposeScope();
        var joined = new byte[data.Bytes.Length];
        var visited = 0;
        TensorBytes.ForEachChunk(data.ToTensor(), (bytes, at) =>
        {
            bytes.CopyTo(joined.AsSpan((int)at));
            visited += bytes.Length;
        }, chunkBytes: 24);
        return visited == data.Bytes.Length && joined.SequenceEqual(data.Bytes);
    }

    [Fact]
    public void AFailedWriteLeavesTheOldFileAndNoOther()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.Write("x", "old");
        var dead = ones(3);
        dead.Dispose();
        Assert.ThrowsAny<Exception>(() => SafetensorsFile.Save(path, new Dictionary<string, Tensor> { ["a"] = ones(2), ["b"] = dead }));
        Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("no space left on device");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void WhatCouldNotBeReadIsNotWritten()
    {
        using var scope = NewDisposeScope();
        void Refused(params (string Name, Tensor Tensor)[] tensors) => Assert.Throws<ArgumentException>(() =>
            SafetensorsFile.SaveTo(Stream.Null, tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor))));
        Refused(("", ones(1)));
        Refused(("a\0", ones(1)));
        Refused(("__metadata__", ones(1)));
        Refused((new string('n', 1025), ones(1)));
        Refused(("a", ones(1)), ("a", zeros(1)));
        Refused(("a", ones(1, dtype: ScalarType.ComplexFloat32)));
    }

    [SkippableFact]
    public void EveryFixtureIsRewrittenByteForByte()
    {
        using var folder = new TemporaryFolder();
        var files = Directory.GetFiles(SharedFolder.Get("fixtures"), "*.safetensors", SearchOption.AllDirectories);
        Assert.True(files.Length >= 27, $"only {files.Length} fixtures");
        foreach (var path in files)
        {
            using var scope = NewDisposeScope();
            var tensors = SafetensorsFile.Load(path, requireFinite: true);
            using var file = SafetensorsFile.Open(path);
            var copy = folder.File("copy");
            SafetensorsFile.Save(copy, tensors, file.Metadata);
            // The reference writes several metadata keys in a random order, ours are sorted: there only header order may differ.
            var (expected, actual) = (File.ReadAllBytes(path), File.ReadAllBytes(copy));
            var from = file.Metadata.Count > 1 ? 8 + (int)BitConverter.ToUInt64(expected) : 0;
            Assert.Equal(expected.Length, actual.Length);
            Assert.True(expected.AsSpan(from).SequenceEqual(actual.AsSpan(from)), path);
            using var again = SafetensorsFile.Open(copy);
            Assert.Equal(file.Names.Select(file.Info), again.Names.Select(again.Info), (a, b) =>
                (a.Name, a.Dtype, a.Offset, a.ByteLength) == (b.Name, b.Dtype, b.Offset, b.ByteLength) && a.Shape.SequenceEqual(b.Shape));
        }
    }

    private static byte[] Bytes(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var stream = new MemoryStream();
        SafetensorsFile.SaveTo(stream, tensors, new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" });
        return stream.ToArray();
    }
}
