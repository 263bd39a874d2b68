using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Models.Decoders;
using TorchSharp;

namespace AlignGuard.Pipeline.Activities;

/// <summary>The type of the frozen weights. Adapters, optimizer, Fisher and losses are float32 or wider in any case.</summary>
public static class Precisions
{
    public const string Float32 = "float32", Bfloat16 = "bfloat16";

    /// <summary><c>auto</c>: bfloat16 on a GPU for a model that is stored in 16 bits, float32 otherwise.</summary>
    public static string Of(Precision wanted, string modelFolder, torch.Device device) =>
        wanted.IsBfloat16 || (wanted.IsAuto && device.type == DeviceType.CUDA && IsStoredIn16Bits(modelFolder)) ? Bfloat16 : Float32;

    public static torch.ScalarType Dtype(string precision) => precision == Bfloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;

    private static bool IsStoredIn16Bits(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        if (!File.Exists(path)) return false;
        using var config = ModelJson.Read(path);
        return ModelConfigFile.StoredDtype(config.RootElement) is "bfloat16" or "float16";
    }
}
