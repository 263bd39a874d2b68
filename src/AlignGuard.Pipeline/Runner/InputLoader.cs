using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Data;
using AlignGuard.Pipeline.Data.Gate;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Reads rows and prompts of a job and checks that training, Fisher and DriftCheck share no text.</summary>
public static class InputLoader
{
    /// <param name="spec">With resolved paths.</param>
    /// <param name="gate">Looks through sound training rows, beside the alignment prompts.</param>
    /// <exception cref="UserFaultException">Everything wrong with rows and prompts; or the gate lets the rows not through.</exception>
    public static async Task<RunInputs> LoadAsync(JobSpec spec, ConversationFormat format, Func<TrainingData, IReadOnlyList<Prompt>, Task<GatedRows>> gate)
    {
        var (problems, said) = (new List<string>(), new List<string>());
        if (spec.Data.Packing && format.HasSource) problems.Add(Models.Batches.TokenBatch.NoPacking);
        var drift = Collect(problems, () => DriftPrompts(spec.DriftCheck, said)) ?? [];
        var fisher = spec.IsGuarded ? Collect(problems, () => FisherPrompts(spec.Fisher, said)) ?? [] : [];
        var train = Collect(problems, () => TrainingData.Load(Source(spec.Data.Train), Reading(spec.Data), format, spec.Train.SeqLen, DataPart.Train));
        var eval = Collect(problems, () => TrainingData.Load(Source(spec.Data.Eval), Reading(spec.Data), format, spec.Train.SeqLen, DataPart.Eval));

        var shared = PromptSet.Overlap(fisher, drift);
        if (shared.Count > 0)
            problems.Add($"fisher.prompts and driftcheck.prompts share {shared.Count} prompts, first {shared[0].A.Id} and {shared[0].B.Id}. What is measured must not be what the guard was made from: remove them from one set.");
        if (train is not null && eval is not null)
            problems.AddRange(Overlap.Problems(train.Texts, [.. Overlap.Texts(eval.Texts), .. Overlap.Texts("driftcheck.prompts", drift), .. Overlap.Texts("fisher.prompts", fisher)]));
        if (problems.Count > 0) throw new UserFaultException(problems);
        var gated = await gate(train!, fisher);
        train = gated.Rows;
        return new RunInputs(train.Rows, eval!.Rows, drift, fisher, Store.Hashing.Sha256(System.Text.Encoding.UTF8.GetBytes(train.Sha256 + eval.Sha256)), eval.Sha256, [.. said, .. train.Warnings, .. gated.Sentence is { } flagged ? [flagged] : Array.Empty<string>(), .. eval.Warnings])
        {
            Quarantined = [.. train.Texts.Quarantined, .. eval.Texts.Quarantined],
            DataGate = gated,
            Detected = spec.Data.Format.IsAuto ? [Detected("data.train", train.Texts), Detected("data.eval", eval.Texts)] : [],
        };
    }

    private static IReadOnlyList<Prompt> DriftPrompts(DriftCheckSpec spec, List<string> said)
    {
        var wanted = Math.Max(spec.Final, spec.Size);
        if (spec.Prompts.IsBuiltin) return PromptBank.DriftCheck(Math.Min(wanted, PromptBank.DriftCheckSize));
        var file = ((PromptSource.File)spec.Prompts).Path;
        var prompts = FromFile(file, "driftcheck.prompts", said);
        var (bad, good) = (prompts.Where(p => p.Unsafe).ToList(), prompts.Where(p => !p.Unsafe).ToList());
        if (bad.Count == 0 || good.Count == 0)
            throw new UserFaultException([$"driftcheck.prompts: {file} holds {bad.Count} unsafe and {good.Count} safe prompts. The gate needs both, refusals and over-refusals: "
                + "give a JSONL or CSV file whose rows have a label (unsafe or safe)."]);
        return [.. InTurn(bad, good).Take(wanted)];
    }

    /// <summary>One of each in turn, so that every prefix, which is what quick checks use, holds both; what is left of the longer list comes last.</summary>
    private static IEnumerable<Prompt> InTurn(List<Prompt> bad, List<Prompt> good)
    {
        var both = Math.Min(bad.Count, good.Count);
        return bad.Zip(good).SelectMany(pair => new[] { pair.First, pair.Second }).Concat(bad.Skip(both)).Concat(good.Skip(both));
    }

    private static IReadOnlyList<Prompt> FisherPrompts(FisherSpec spec, List<string> said)
    {
        if (!spec.Prompts.IsBuiltin) return [.. FromFile(((PromptSource.File)spec.Prompts).Path, "fisher.prompts", said).Where(p => p.Unsafe).Take(spec.Samples)];
        var all = PromptBank.Fisher(@unsafe: true);
        return spec.Samples <= all.Count
            ? [.. all.Take(spec.Samples)]
            : throw new UserFaultException([$"fisher.samples is {spec.Samples}; the built-in Fisher prompts are {all.Count}. Ask for fewer, or give a file of your own (fisher.prompts)."]);
    }

    private static IReadOnlyList<Prompt> FromFile(string path, string key, List<string> said)
    {
        var loaded = PromptFile.Load(path);
        if (loaded.Errors.Count > 0) throw new UserFaultException([.. loaded.Errors.Select(e => $"{key}: {e}")]);
        var (kept, leftOut) = PromptSet.Distinct(loaded.Prompts, $"{key}: {path}");
        if (leftOut is not null) said.Add(leftOut);
        return kept;
    }

    private static string Source(DataSource source) => source.ToString();

    private static string Detected(string key, RowSet rows) => FormattableString.Invariant($"{key}: {rows.Source} holds {rows.Rows.Count:N0} rows of the format {rows.Format.Name()}.");

    private static RowReading Reading(DataSpec data) => new() { Format = Format(data.Format), Labels = data.Labels, MostSkipped = data.OnBadRow.IsSkip ? data.MaxSkipped : null };

    private static RowFormat Format(DataFormat format) => Enum.Parse<RowFormat>(format.Tag switch
    {
        DataFormat.Tags.Messages => nameof(RowFormat.Messages),
        DataFormat.Tags.PromptCompletion => nameof(RowFormat.PromptCompletion),
        DataFormat.Tags.Alpaca => nameof(RowFormat.Alpaca),
        DataFormat.Tags.ShareGpt => nameof(RowFormat.ShareGpt),
        DataFormat.Tags.Classification => nameof(RowFormat.Classification),
        DataFormat.Tags.Text => nameof(RowFormat.Text),
        _ => nameof(RowFormat.Auto),
    });

    private static T? Collect<T>(List<string> problems, Func<T> load) where T : class
    {
        try
        {
            return load();
        }
        catch (UserFaultException e)
        {
            problems.AddRange(e.Problems);
            return null;
        }
    }
}
