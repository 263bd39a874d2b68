using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

public sealed partial class SafetensorsFile
{
    /// <summary>Reads all tensors; the caller owns them.</summary>
    /// <param name="requireFinite">Also refuse NaN and infinite values. Default: false.</param>
    /// <exception cref="SafetensorsException">Any fault; nothing stays allocated.</exception>
    public static Dictionary<string, Tensor> Load(string path, bool requireFinite = false)
    {
        using var file = Open(path);
        return file.ReadAll(requireFinite);
    }

    /// <summary>Reads all tensors of an open file; the caller owns them.</summary>
    /// <param name="requireFinite">Also refuse NaN and infinite values. Default: false.</param>
    /// <exception cref="SafetensorsException">Any fault; nothing stays allocated.</exception>
    public Dictionary<string, Tensor> ReadAll(bool requireFinite = false)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        try
        {
            foreach (var name in Names)
            {
                tensors[name] = Read(name);
                if (requireFinite && NonFiniteValue.FirstIn(name, tensors[name]) is { } bad)
                    throw new SafetensorsException(SafetensorsFault.NonFinite, Path, bad.Describe(), name);
            }
            return tensors;
        }
        catch
        {
            foreach (var tensor in tensors.Values) tensor.Dispose();
            throw;
        }
    }

    /// <summary>The first NaN or infinity in the order of the file; null when all values are finite. Reads one tensor at a time.</summary>
    public NonFiniteValue? FirstNonFinite()
    {
        foreach (var name in Names)
        {
            using var tensor = Read(name);
            if (NonFiniteValue.FirstIn(name, tensor) is { } bad) return bad;
        }
        return null;
    }
}

/// <summary>A NaN or an infinity in a tensor.</summary>
/// <param name="Index">One number for each dimension.</param>
public sealed record NonFiniteValue(string Tensor, IReadOnlyList<long> Index, double Value)
{
    public string Describe() =>
        $"the value at [{string.Join(", ", Index)}] is {(double.IsNaN(Value) ? "NaN" : Value > 0 ? "infinite" : "negative infinite")}: "
        + "the weights are damaged or come from a diverged run, use an earlier checkpoint.";

    /// <summary>Null when all values are finite (integers always are).</summary>
    public static NonFiniteValue? FirstIn(string name, Tensor tensor)
    {
        if (!tensor.is_floating_point()) return null;
        using var scope = torch.NewDisposeScope();
        var finite = tensor.isfinite();
        if (finite.all().ToBoolean()) return null;
        // The first maximum of "is bad"; a list of all bad values could be larger than the tensor.
        var flat = finite.logical_not().flatten().to(ScalarType.Byte).argmax().ToInt64();
        var index = new long[tensor.dim()];
        for (var d = index.Length - 1; d >= 0; flat /= tensor.shape[d--]) index[d] = flat % tensor.shape[d];
        var value = index.Aggregate(tensor.detach(), (t, i) => t[i]).to(ScalarType.Float64).ToDouble();
        return new NonFiniteValue(name, index, value);
    }
}
