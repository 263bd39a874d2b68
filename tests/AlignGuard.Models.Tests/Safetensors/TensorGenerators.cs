using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Tests.Safetensors;

/// <summary>A tensor as plain data: torch memory is made only inside a test.</summary>
public sealed record TensorData(ScalarType Dtype, long[] Shape, byte[] Bytes)
{
    public Tensor ToTensor()
    {
        var tensor = torch.empty(Shape, dtype: Dtype);
        if (Bytes.Length > 0) Bytes.CopyTo(tensor.bytes);
        return tensor;
    }

    public static TensorData Of(Tensor tensor) => new(tensor.dtype, tensor.shape, tensor.NumberOfElements == 0 ? [] : tensor.bytes.ToArray());

    public bool Same(TensorData other) => Dtype == other.Dtype && Shape.SequenceEqual(other.Shape) && Bytes.SequenceEqual(other.Bytes);

    public override string ToString() => $"{Dtype}[{string.Join(",", Shape)}]={Convert.ToHexString(Bytes)}";
}

/// <summary>Tensors by name: every dtype, any bits (NaN payloads too), scalars, zero-sized dimensions.</summary>
public static class TensorGenerators
{
    public static readonly (ScalarType Type, int Size)[] Dtypes =
    [
        (ScalarType.Float64, 8), (ScalarType.Float32, 4), (ScalarType.Float16, 2), (ScalarType.BFloat16, 2), (ScalarType.Int64, 8),
        (ScalarType.Int32, 4), (ScalarType.Int16, 2), (ScalarType.Int8, 1), (ScalarType.Byte, 1), (ScalarType.Bool, 1),
    ];

    public static Arbitrary<TensorData> Tensor() => (
        from dtype in Gen.Elements(Dtypes)
        from rank in Gen.Choose(0, 4)
        from shape in Gen.Choose(0, 3).ArrayOf(rank)
        from bytes in Gen.Choose(0, 255).Select(b => (byte)(dtype.Type == ScalarType.Bool ? b & 1 : b))
            .ArrayOf(shape.Aggregate(dtype.Size, (a, b) => a * b))
        select new TensorData(dtype.Type, [.. shape.Select(d => (long)d)], bytes)).ToArbitrary();

    public static Arbitrary<Dictionary<string, TensorData>> Tensors() => (
        from names in Gen.Elements("a", "b.weight", "ключ", "名", "x\"y\\z", "😀", "model.layers.0.q_proj.weight", " ", "</script>").ListOf()
        from tensors in Tensor().Generator.ListOf(names.Distinct().Count())
        select names.Distinct().Zip(tensors).ToDictionary(p => p.First, p => p.Second)).ToArbitrary();
}
