using AlignGuard.Models.Safetensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Models.Tests.Safetensors;

public class NonFiniteTests
{
    [Theory]
    [InlineData(ScalarType.Float64, double.NaN)]
    [InlineData(ScalarType.Float32, double.PositiveInfinity)]
    [InlineData(ScalarType.Float16, double.NegativeInfinity)]
    [InlineData(ScalarType.BFloat16, double.NaN)]
    public void TheFirstBadValueIsNamedWithItsPlace(ScalarType dtype, double bad)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var weights = zeros([3, 4], dtype: dtype);
        weights[1, 2] = tensor(bad).to(dtype);
        weights[2, 0] = tensor(bad).to(dtype);
        var path = folder.File("x");
        SafetensorsFile.Save(path, new Dictionary<string, Tensor> { ["fine"] = ones(5), ["w"] = weights, ["n"] = ones(2, dtype: ScalarType.Int32) });

        using var file = SafetensorsFile.Open(path);
        var found = file.FirstNonFinite()!;
        Assert.Equal(("w", bad), (found.Tensor, found.Value));
        Assert.Equal([1, 2], found.Index);

        var fault = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Load(path, requireFinite: true));
        Assert.Equal((SafetensorsFault.NonFinite, "w"), (fault.Fault, fault.Tensor));
        Assert.Contains("[1, 2]", fault.Message);
        Assert.Equal(3, SafetensorsFile.Load(path).Count);
    }

    [Fact]
    public void AScalarNaNHasAnEmptyIndex()
    {
        using var scope = NewDisposeScope();
        Assert.Empty(NonFiniteValue.FirstIn("s", tensor(float.NaN))!.Index);
        Assert.Null(NonFiniteValue.FirstIn("s", tensor(1f)));
        Assert.Null(NonFiniteValue.FirstIn("s", zeros(0)));
    }
}
