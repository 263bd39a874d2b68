using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;
using TorchSharp;
using LoraTargets = AlignGuard.Models.Lora.LoraTargets;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Opens the run of a job in a store and drives it: the one way in for <c>run</c>, <c>demo</c> and, later, services.</summary>
public static class JobRun
{
    /// <exception cref="UserFaultException">Bad job, data or model; or data or model changed since the run began.</exception>
    public static async Task<RunContext> OpenAsync(Job job, IArtifactStore store, ModelHost models, IRunObserver observer, StopSignal stop)
    {
        var resolved = job.Resolved;
        var chat = models.Open(resolved.Model);
        RefuseWhatCannotRun(resolved, chat);
        var inputs = InputLoader.Load(resolved, chat);
        foreach (var warning in job.Warnings.Concat(inputs.Warnings)) observer.Says(warning);
        var cancel = new CancellationTokenSource();
        var run = new RunContext(job.RunId, job.Spec, resolved.Model, new CommitProtocol(store), models, inputs, observer, new StopSignal(CancellationTokenSource.CreateLinkedTokenSource(stop.Token, cancel.Token).Token), cancel);
        await ReferenceRun.FindAsync(run);
        await PinAsync(run);
        return run;
    }

    /// <summary>What would only come out hours later, when the adapter is made.</summary>
    private static void RefuseWhatCannotRun(JobSpec spec, ChatModel chat)
    {
        LoraTargets.Select(chat.Model.Linears, AdapterState.Lora(spec));
        if (spec.Train.Precision.IsBfloat16)
            throw new UserFaultException([$"train.precision: bfloat16 is not available on {chat.Model.Device}: base models are loaded in float32. Write auto or float32."]);
    }

    private static async Task PinAsync(RunContext run)
    {
        var threads = run.Spec.Train.Threads ?? torch.get_num_threads();
        var mine = new PinnedRun(JsonDocument.Parse(JobFile.Serialise(run.Spec)).RootElement, run.SpecHash, run.ModelHash, run.Inputs.DataHash, run.Inputs.EvalHash, run.Inputs.PromptHash, threads);
        await run.Store.CreateAsync(PinnedRun.Name(run.RunId), CommitProtocol.ToJson(mine));
        var held = (await PinnedRun.FindAsync(run.Store, run.RunId))!;
        var changed = new[] { ("model", held.ModelHash, mine.ModelHash), ("data", held.DataHash, mine.DataHash), ("DriftCheck prompts", held.PromptHash, mine.PromptHash) }
            .Where(c => c.Item2 != c.Item3).Select(c => $"Run {run.RunId} was begun with another {c.Item1} (sha-256 {c.Item2[..12]}, now {c.Item3[..12]}). Restore it, or give the job another name to begin anew.").ToList();
        if (changed.Count > 0) throw new UserFaultException(changed);
        torch.set_num_threads(held.Threads);
    }
}
