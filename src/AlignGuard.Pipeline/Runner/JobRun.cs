using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;
using TorchSharp;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Opens the run of a job in a store and drives it: the one way in for <c>run</c>, <c>demo</c> and, later, services.</summary>
public static class JobRun
{
    /// <summary>What a run was begun with; a resumed run must find the same.</summary>
    /// <param name="Threads">CPU threads: other counts give other bits, so the first process decides for all.</param>
    public sealed record Pinned(JsonElement Job, string SpecHash, string ModelHash, string DataHash, string PromptHash, int Threads);

    /// <exception cref="UserFaultException">Bad job, data or model; or data or model changed since the run began.</exception>
    public static async Task<RunContext> OpenAsync(Job job, IArtifactStore store, ModelHost models, IRunObserver observer, StopSignal stop)
    {
        var resolved = job.Resolved;
        var chat = models.Open(resolved.Model);
        var inputs = InputLoader.Load(resolved, chat);
        foreach (var warning in job.Warnings.Concat(inputs.Warnings)) observer.Says(warning);
        var run = new RunContext(job.RunId, job.Spec, resolved.Model, new CommitProtocol(store), models, inputs, observer, stop);
        await PinAsync(run);
        return run;
    }

    private static async Task PinAsync(RunContext run)
    {
        var name = $"{run.Folder}/spec.json";
        var threads = run.Spec.Train.Threads ?? torch.get_num_threads();
        var mine = new Pinned(JsonDocument.Parse(JobFile.Serialise(run.Spec)).RootElement, run.SpecHash, run.ModelHash, run.Inputs.DataHash, run.Inputs.PromptHash, threads);
        await run.Store.CreateAsync(name, CommitProtocol.ToJson(mine));
        var held = CommitProtocol.FromJson<Pinned>((await run.Store.ReadAsync(name))!.Content);
        var changed = new[] { ("model", held.ModelHash, mine.ModelHash), ("data", held.DataHash, mine.DataHash), ("DriftCheck prompts", held.PromptHash, mine.PromptHash) }
            .Where(c => c.Item2 != c.Item3).Select(c => $"Run {run.RunId} was begun with another {c.Item1} (sha-256 {c.Item2[..12]}, now {c.Item3[..12]}). Restore it, or give the job another name to begin anew.").ToList();
        if (changed.Count > 0) throw new UserFaultException(changed);
        torch.set_num_threads(held.Threads);
    }
}
