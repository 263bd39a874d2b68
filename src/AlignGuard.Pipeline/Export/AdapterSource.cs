using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Export;

/// <summary>An adapter's files, and the base model that it is known to belong to.</summary>
/// <param name="Name">Folder, or the name it is published under.</param>
/// <param name="Files">By name, as PEFT has them.</param>
/// <param name="BaseModel">Folder of the base model where the run had it; null = not known.</param>
/// <param name="BaseHash">Its sha-256; null = not known.</param>
public sealed record AdapterSource(string Name, IReadOnlyDictionary<string, byte[]> Files, string? BaseModel, string? BaseHash)
{
    /// <summary>A folder in PEFT's layout, or what a gate accepted and a store publishes under a name.</summary>
    /// <exception cref="UserFaultException">Neither; or nothing is published under the name.</exception>
    public static async Task<AdapterSource> OpenAsync(string name, Func<Task<IArtifactStore>> openStore)
    {
        if (File.Exists(Path.Combine(name, PeftAdapter.ConfigName)))
            return new AdapterSource(name, Directory.EnumerateFiles(name).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes), null, null);
        if (Directory.Exists(name)) throw new UserFaultException($"{name} has no {PeftAdapter.ConfigName}: give the folder of a PEFT adapter, or the name one is published under.");
        var store = await openStore();
        var (runId, files) = await Publication.ReadAsync(store, name);
        var pinned = await PinnedRun.FindAsync(store, runId);
        return new AdapterSource(name, files, pinned is null ? null : BaseOf(pinned), pinned?.ModelHash);
    }

    /// <summary>The job's model, as a path where this run's job lies.</summary>
    private static string? BaseOf(PinnedRun pinned)
    {
        if (JobFile.Parse(pinned.Job.GetRawText(), "spec.json", []).Spec?.Value is not { } spec || spec.Model.Contains("://", StringComparison.Ordinal)) return null;
        return Path.IsPathRooted(spec.Model) || pinned.JobFolder is null ? spec.Model : Path.Combine(pinned.JobFolder, spec.Model);
    }
}
