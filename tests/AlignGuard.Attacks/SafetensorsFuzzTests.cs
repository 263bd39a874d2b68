using System.Buffers.Binary;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Attacks;

public class SafetensorsFuzzTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void ADamagedFileLoadsWholeOrIsRefused(int seed, bool repairLength)
    {
        var random = new Random(seed);
        using var file = new AttackFile();
        var valid = Valid(file);
        var header = 8 + (int)BitConverter.ToUInt64(valid);
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Mutation.Of(valid, header, random);
            // With the length made right again, the damage gets past the first check.
            if (repairLength && bytes.Length > 8) BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)Math.Max(0, header - 8 + bytes.Length - valid.Length));
            file.With(bytes);
            try
            {
                using var scope = NewDisposeScope();
                using var open = SafetensorsFile.Open(file.Path);
                var total = 0L;
                foreach (var name in open.Names)
                {
                    var tensor = open.Read(name);
                    Assert.Equal(open.Info(name).Shape, tensor.shape);
                    Assert.Equal(open.Info(name).ByteLength, tensor.NumberOfElements * tensor.ElementSize);
                    total += open.Info(name).ByteLength;
                }
                // Every byte of the file belongs to the header or to exactly one tensor.
                Assert.Equal(bytes.Length, 8 + (long)BitConverter.ToUInt64(bytes) + total);
                loaded++;
            }
            catch (SafetensorsException)
            {
                refused++;
            }
        }
        Assert.True(refused > 1000 && loaded > 20, $"{loaded} loaded, {refused} refused: the mutations miss their aim");
    }

    [Fact]
    public void DamagedDataKeepsItsShapes()
    {
        var random = new Random(4);
        using var file = new AttackFile();
        var valid = Valid(file);
        var header = 8 + (int)BitConverter.ToUInt64(valid);
        using var original = SafetensorsFile.Open(file.Path);
        var shapes = original.Names.Select(n => (n, original.Info(n).Dtype, string.Join(',', original.Info(n).Shape))).ToList();
        for (var round = 0; round < 500; round++)
        {
            var bytes = (byte[])valid.Clone();
            bytes[random.Next(header, bytes.Length)] = (byte)random.Next(256);
            using var other = new AttackFile().With(bytes);
            using var open = SafetensorsFile.Open(other.Path);
            Assert.Equal(shapes, open.Names.Select(n => (n, open.Info(n).Dtype, string.Join(',', open.Info(n).Shape))));
        }
    }

    private static byte[] Valid(AttackFile file)
    {
        using var scope = NewDisposeScope();
        SafetensorsFile.Save(file.Path, new Dictionary<string, Tensor>
        {
            ["model.embed.weight"] = ones([4, 3]),
            ["h"] = ones([2, 2, 2], dtype: ScalarType.Float16),
            ["ids"] = ones(3, dtype: ScalarType.Int64),
            ["mask"] = ones(5, dtype: ScalarType.Bool),
            ["scalar"] = tensor(1.0),
            ["none"] = zeros([0, 7], dtype: ScalarType.BFloat16),
        }, new Dictionary<string, string> { ["format"] = "pt" });
        return File.ReadAllBytes(file.Path);
    }
}
