using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Data;
using AlignGuard.Pipeline.Store;
using TorchSharp;
using LoraTargets = AlignGuard.Models.Lora.LoraTargets;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Opens the run of a job in a store: the one way in for <c>run</c>, <c>demo</c>, sweeps and services.</summary>
public static class JobRun
{
    // As the process began: what runs set since is theirs.
    private static readonly int DefaultThreads = torch.get_num_threads();

    /// <exception cref="UserFaultException">Bad job, data or model; or data or model changed since the run began.</exception>
    public static async Task<RunContext> OpenAsync(Job job, IArtifactStore store, ModelHost models, IRunObserver observer, StopSignal stop)
    {
        var held = await PinnedRun.FindAsync(store, job.RunId);
        var (spec, sources) = await StoreSources.FetchAsync(job.Resolved, held?.Sources ?? new Dictionary<string, string>(), stop.Token);
        var chat = models.Open(spec.Model);
        RefuseWhatCannotRun(spec, chat);
        var inputs = InputLoader.Load(spec, chat);
        foreach (var warning in job.Warnings.Concat(inputs.Warnings)) observer.Says(warning);

        var hash = models.Hash(spec.Model);
        var reference = await ReferenceRun.FindAsync(spec, inputs, store);
        var pinned = await PinAsync(job, store, inputs, hash, sources);
        torch.set_num_threads(pinned.Threads);
        return new RunContext
        {
            Spec = job.Spec,
            ModelFolder = spec.Model,
            Records = new RunRecords(job.RunId, JobFile.Hash(job.Spec), SharedKeys.Baseline(spec, inputs, hash), SharedKeys.FirstFisher(spec, inputs, hash, pinned.Threads), reference, new CommitProtocol(store)),
            Models = models,
            Inputs = inputs,
            Threads = pinned.Threads,
            Observer = observer,
            Stop = stop,
        };
    }

    /// <summary>What would only come out hours later, when the adapter is made.</summary>
    private static void RefuseWhatCannotRun(JobSpec spec, ChatModel chat)
    {
        LoraTargets.Select(chat.Model.Linears, AdapterState.Lora(spec));
        if (spec.Train.Precision.IsBfloat16)
            throw new UserFaultException([$"train.precision: bfloat16 is not available on {chat.Model.Device}: base models are loaded in float32. Write auto or float32."]);
    }

    private static async Task<PinnedRun> PinAsync(Job job, IArtifactStore store, RunInputs inputs, string modelHash, IReadOnlyDictionary<string, string> sources)
    {
        var threads = job.Spec.Train.Threads ?? DefaultThreads;
        var mine = new PinnedRun(JsonDocument.Parse(JobFile.Serialise(job.Spec)).RootElement, JobFile.Hash(job.Spec), modelHash, inputs.DataHash, inputs.EvalHash, inputs.PromptHash, threads)
        {
            JobFolder = job.Folder,
            Sources = sources,
        };
        await store.CreateAsync(PinnedRun.Name(job.RunId), CommitProtocol.ToJson(mine));
        InjectionPoints.Reached("pinned");
        var held = (await PinnedRun.FindAsync(store, job.RunId))!;
        var changed = new[] { ("model", held.ModelHash, mine.ModelHash), ("data", held.DataHash, mine.DataHash), ("DriftCheck prompts", held.PromptHash, mine.PromptHash) }
            .Where(c => c.Item2 != c.Item3).Select(c => $"Run {job.RunId} was begun with another {c.Item1} (sha-256 {c.Item2[..12]}, now {c.Item3[..12]}). Restore it, or give the job another name to begin anew.").ToList();
        return changed.Count == 0 ? held : throw new UserFaultException(changed);
    }
}
