using AlignGuard.Domain.Spec;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Safetensors;
using AlignGuard.Pipeline.Store;
using TorchSharp;
using static TorchSharp.torch;
using LoraSpec = AlignGuard.Models.Lora.LoraSpec;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Adapters between segments.</summary>
internal static class AdapterState
{
    public const string AdapterName = "adapter.safetensors", OptimizerName = "optimizer.safetensors", StateName = "state.json";

    public static LoraSpec Lora(JobSpec spec) => new()
    {
        Rank = spec.Lora.R,
        Alpha = spec.Lora.Alpha,
        Dropout = spec.Lora.Dropout,
        RankStabilised = spec.Lora.RsLora,
        Dora = spec.Lora.Dora,
        Targets = Modules(spec.Lora.Targets),
        Exclude = Modules(spec.Lora.Exclude),
    };

    private static ModuleNames Modules(Domain.Spec.LoraTargets targets) => targets switch
    {
        Domain.Spec.LoraTargets.Named named => [.. named.Names],
        Domain.Spec.LoraTargets.Pattern pattern => ModuleNames.Matching(pattern.Expression),
        _ => [ModuleNames.AllLinear],
    };

    /// <summary>The adapter that a segment committed, or a new one (dW = 0) where there is none yet.</summary>
    public static async Task<LoraAdapter> OpenAsync(RunContext run, CommitReference? segment)
    {
        if (segment is not { } commit) return LoraAdapter.Create(run.Model.Model, Lora(run.Spec), run.Spec.Train.Seed);
        using var scope = NewDisposeScope();
        return PeftAdapter.FromTensors(run.Model.Model, Lora(run.Spec), await TensorsAsync(run, commit, AdapterName), commit.Folder);
    }

    /// <summary>A committed safetensors file, checked against its record before it is parsed.</summary>
    public static async Task<Dictionary<string, Tensor>> TensorsAsync(RunContext run, CommitReference commit, string fileName)
    {
        var content = await run.Protocol.ReadAsync(commit.File(fileName));
        var temporary = Path.Combine(Path.GetTempPath(), $"alignguard-{Guid.NewGuid():N}.safetensors");
        try
        {
            File.WriteAllBytes(temporary, content);
            using var file = SafetensorsFile.Open(temporary);
            // Gone by name while it is read: a process that is killed now leaves nothing behind.
            File.Delete(temporary);
            return file.ReadAll(requireFinite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public static byte[] Bytes(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var buffer = new MemoryStream();
        SafetensorsFile.SaveTo(buffer, tensors, metadata);
        return buffer.ToArray();
    }
}
