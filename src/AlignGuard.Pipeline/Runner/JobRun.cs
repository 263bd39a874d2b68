using System.Text.Json;
using AlignGuard.Domain.DataGate;
using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Data;
using AlignGuard.Pipeline.Data.Gate;
using AlignGuard.Pipeline.Store;
using TorchSharp;
using LoraTargets = AlignGuard.Models.Lora.LoraTargets;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Opens the run of a job in a store: the one way in for <c>run</c>, <c>demo</c>, sweeps and services.</summary>
public static class JobRun
{
    /// <summary>Readings of the training rows, a line each, in the run's folder.</summary>
    public const string DataGateName = "data-gate.jsonl";

    /// <summary>The same of rows that refused the job, a file for every reading of them: the rows may be others when it is tried again.</summary>
    public const string RefusedPrefix = "data-gate-refused-";

    // As the process began: what runs set since is theirs.
    private static readonly int DefaultThreads = torch.get_num_threads();

    /// <exception cref="UserFaultException">Bad job, data or model; or data or model changed since the run began.</exception>
    public static async Task<RunContext> OpenAsync(Job job, IArtifactStore store, ModelHost models, IRunObserver observer, StopSignal stop)
    {
        var held = await PinnedRun.FindAsync(store, job.RunId);
        var (spec, sources) = await StoreSources.FetchAsync(job.Resolved, held?.Sources ?? job.Sources, stop.Token);
        var judges = Judges.Panel(spec.DriftCheck.Judges, job.RunId);
        try
        {
            return await OpenAsync(job, spec, sources, held, store, models, judges, observer, stop);
        }
        catch
        {
            judges.Dispose();
            throw;
        }
    }

    /// <param name="spec">With local paths.</param>
    private static async Task<RunContext> OpenAsync(Job job, JobSpec spec, IReadOnlyDictionary<string, string> sources, PinnedRun? held, IArtifactStore store, ModelHost models, JudgePanel judges, IRunObserver observer, StopSignal stop)
    {
        var precision = held?.Precision ?? Precisions.Of(spec.Train.Precision, spec.Model, models.Device);
        // Rows first: what they refuse must not have cost a device anything.
        var format = models.Format(spec.Model);
        var gateFile = $"{RunRecords.FolderOf(job.RunId)}/{DataGateName}";
        var known = await KnownAsync(job.RunId, gateFile, store, stop.Token);
        var inputs = await InputLoader.LoadAsync(spec, format, (train, alignment) => DataGating.ThroughAsync(spec, train, format, judges, alignment, known, read => RefusedAsync(job.RunId, store, read), (done, all) => observer.Measured("data gate", done, all), stop.Token));
        var chat = models.Open(spec.Model, Precisions.Dtype(precision));
        RefuseWhatCannotRun(spec, chat);
        if (await HiddenSimilarityAsync(job.RunId, spec, chat, inputs, store, stop.Token) is { } alike) observer.Says($"data.train: {alike}");
        foreach (var sentence in inputs.Detected.Concat(job.Warnings).Concat(inputs.Warnings).Concat(chat.Model.Notes.Select(n => $"model: {n}"))) observer.Says(sentence);

        var hash = models.Hash(spec.Model);
        var reference = await ReferenceRun.FindAsync(spec, inputs, store);
        // Before the data are pinned: which rows are left is part of them, and a judge may read them otherwise another time.
        if (inputs.DataGate is { Read.Count: > 0 } gated) await store.CreateAsync(gateFile, ReadRow.Write(gated.Read));
        var readBy = string.Join(", ", judges.Names);
        var pinned = await PinAsync(job, store, inputs, hash, sources, models.Device, precision, readBy);
        if (pinned.Device != Kind(models.Device))
            observer.Says($"Run {job.RunId} was begun on {pinned.Device} and goes on on {Kind(models.Device)}: its figures are those of either to rounding, and no longer repeatable to the bit.");
        torch.set_num_threads(pinned.Threads);
        var run = new RunContext
        {
            Spec = job.Spec,
            ModelFolder = spec.Model,
            Records = new RunRecords(job.RunId, JobFile.Hash(job.Spec), SharedKeys.Baseline(spec, inputs, hash, Arithmetic(pinned), readBy), SharedKeys.FirstFisher(spec, inputs, hash, pinned.Threads, Arithmetic(pinned), readBy), reference, new CommitProtocol(store)),
            Models = models,
            Judges = judges,
            Roles = judges.Roles,
            Inputs = inputs,
            Threads = pinned.Threads,
            Dtype = Precisions.Dtype(pinned.Precision),
            Observer = observer,
            Stop = stop,
        };
        if (inputs.Quarantined.Count > 0)
        {
            await store.CreateAsync($"{run.Folder}/quarantine.jsonl", Measuring.Lines(inputs.Quarantined));
            observer.Says($"{inputs.Quarantined.Count:N0} rows cannot be used and are left out: {run.Folder}/quarantine.jsonl lists them.");
        }
        await RunFolders.WriteAsync(run, reference);
        return run;
    }

    /// <summary>Readings of the attempt whose rows were let through, or as long as there is none of refused ones.</summary>
    private static async Task<IReadOnlyList<ReadRow>> KnownAsync(string runId, string gateFile, IArtifactStore store, CancellationToken cancellation)
    {
        if (await store.ReadAsync(gateFile, cancellation) is { } passed) return ReadRow.Read(passed.Content);
        var known = new List<ReadRow>();
        foreach (var name in await store.ListAsync($"{RunRecords.FolderOf(runId)}/{RefusedPrefix}", cancellation))
            if (await store.ReadAsync(name, cancellation) is { } kept) known.AddRange(ReadRow.Read(kept.Content));
        return known;
    }

    /// <returns>Name of the file.</returns>
    private static async Task<string> RefusedAsync(string runId, IArtifactStore store, IReadOnlyList<ReadRow> read)
    {
        var lines = ReadRow.Write(read);
        var name = $"{RunRecords.FolderOf(runId)}/{RefusedPrefix}{Hashing.Sha256(lines)[..12]}.jsonl";
        await store.CreateAsync(name, lines);
        return name;
    }

    /// <summary>The second half of the data gate, which takes the model and is looked at only where the job asks for it.</summary>
    /// <returns>What was found; null where nothing was looked at.</returns>
    private static async Task<string?> HiddenSimilarityAsync(string runId, JobSpec spec, ChatModel chat, RunInputs inputs, IArtifactStore store, CancellationToken cancellation)
    {
        if (spec.DataGate.OnFlagged.IsOff || spec.DataGate.HiddenSimilarity >= 1 || inputs.FisherPrompts.Count == 0) return null;
        var name = $"{RunRecords.FolderOf(runId)}/{HiddenSimilarity.FileName}";
        var held = await store.ReadAsync(name, cancellation);
        var found = held is not null ? HiddenSimilarity.FromJson(held.Content)
            : HiddenSimilarity.Of(chat, inputs.Train, inputs.FisherPrompts, spec.Train.SeqLen, new GenerationOptions { MaxNewTokens = spec.DriftCheck.MaxNewTokens, BatchSize = spec.Train.Batch, Cancellation = cancellation });
        if (found is null) return null;
        var sentence = DataGate.HiddenSentence(spec.DataGate, found.Mean, found.Rows, found.Examples);
        // Not kept: when it is tried again the rows may be others.
        if (DataGate.HiddenRefuses(spec.DataGate, found.Mean)) throw new UserFaultException([$"data.train: {sentence}"]);
        if (held is null) await store.CreateAsync(name, found.ToJson());
        return sentence;
    }

    /// <summary>What results that are shared depend on besides their inputs.</summary>
    private static string Arithmetic(PinnedRun pinned) => pinned.Precision == Precisions.Float32 ? pinned.Device : $"{pinned.Device} {pinned.Precision}";

    private static string Kind(torch.Device device) => device.type.ToString().ToLowerInvariant();

    /// <summary>What would only come out hours later, when the adapter is made.</summary>
    private static void RefuseWhatCannotRun(JobSpec spec, ChatModel chat)
    {
        LoraTargets.Select(chat.Model.Linears, AdapterState.Lora(spec));
    }

    private static async Task<PinnedRun> PinAsync(Job job, IArtifactStore store, RunInputs inputs, string modelHash, IReadOnlyDictionary<string, string> sources, torch.Device device, string precision, string judges)
    {
        var threads = job.Spec.Train.Threads ?? DefaultThreads;
        var mine = new PinnedRun(JsonDocument.Parse(JobFile.Serialise(job.Spec)).RootElement, JobFile.Hash(job.Spec), modelHash, inputs.DataHash, inputs.EvalHash, inputs.PromptHash, threads)
        {
            JobFolder = job.Folder,
            Sources = sources,
            Device = Kind(device),
            Precision = precision,
            Judges = judges,
        };
        await store.CreateAsync(PinnedRun.Name(job.RunId), CommitProtocol.ToJson(mine));
        InjectionPoints.Reached("pinned");
        var held = (await PinnedRun.FindAsync(store, job.RunId))!;
        var changed = new[] { ("model", held.ModelHash, mine.ModelHash), ("data", held.DataHash, mine.DataHash), ("DriftCheck prompts", held.PromptHash, mine.PromptHash) }
            .Where(c => c.Item2 != c.Item3).Select(c => $"Run {job.RunId} was begun with another {c.Item1} (sha-256 {c.Item2[..12]}, now {c.Item3[..12]}). Restore it, or give the job another name to begin anew.").ToList();
        if (held.Judges is { } before && before != judges) changed.Add($"Run {job.RunId} was begun with other judges ({before}, now {judges}). Restore their files, or give the job another name to begin anew.");
        return changed.Count == 0 ? held : throw new UserFaultException(changed);
    }
}
