using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Data;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Reads rows and prompts of a job and checks that training, Fisher and DriftCheck share no text.</summary>
public static class InputLoader
{
    /// <param name="spec">With resolved paths.</param>
    /// <exception cref="UserFaultException">Everything wrong with rows and prompts.</exception>
    public static RunInputs Load(JobSpec spec, ChatModel chat)
    {
        var problems = new List<string>();
        var drift = Collect(problems, () => DriftPrompts(spec.DriftCheck)) ?? [];
        var fisher = spec.IsGuarded ? Collect(problems, () => FisherPrompts(spec.Fisher)) ?? [] : [];
        var train = Collect(problems, () => TrainingData.Load(Source(spec.Data.Train), Format(spec.Data.Format), chat.Format, spec.Train.SeqLen, DataPart.Train));
        var eval = Collect(problems, () => TrainingData.Load(Source(spec.Data.Eval), Format(spec.Data.Format), chat.Format, spec.Train.SeqLen, DataPart.Eval));

        var shared = PromptSet.Overlap(fisher, drift);
        if (shared.Count > 0)
            problems.Add($"fisher.prompts and driftcheck.prompts share {shared.Count} prompts, first \"{shared[0].A.Text}\". What is measured must not be what the guard was made from: remove them from one set.");
        if (train is not null && eval is not null)
            problems.AddRange(Overlap.Problems(train.Texts, [.. Overlap.Texts(eval.Texts), .. Overlap.Texts("driftcheck.prompts", drift), .. Overlap.Texts("fisher.prompts", fisher)]));
        if (problems.Count > 0) throw new UserFaultException(problems);
        return new RunInputs(train!.Rows, eval!.Rows, drift, fisher, Store.Hashing.Sha256(System.Text.Encoding.UTF8.GetBytes(train.Sha256 + eval.Sha256)), eval.Sha256, [.. train.Warnings, .. eval.Warnings]);
    }

    private static IReadOnlyList<Prompt> DriftPrompts(DriftCheckSpec spec)
    {
        var wanted = Math.Max(spec.Final, spec.Size);
        if (spec.Prompts.IsBuiltin) return PromptBank.DriftCheck(Math.Min(wanted, PromptBank.DriftCheckSize));
        var prompts = FromFile(((PromptSource.File)spec.Prompts).Path, "driftcheck.prompts");
        return [.. prompts.Take(wanted)];
    }

    private static IReadOnlyList<Prompt> FisherPrompts(FisherSpec spec) => spec.Prompts.IsBuiltin
        ? PromptBank.Fisher(spec.Samples)
        : [.. FromFile(((PromptSource.File)spec.Prompts).Path, "fisher.prompts").Where(p => p.Unsafe).Take(spec.Samples)];

    private static IReadOnlyList<Prompt> FromFile(string path, string key)
    {
        var loaded = PromptFile.Load(path);
        return loaded.Errors.Count == 0 ? loaded.Prompts : throw new UserFaultException([.. loaded.Errors.Select(e => $"{key}: {e}")]);
    }

    private static string Source(DataSource source) => source.ToString();

    private static RowFormat Format(DataFormat format) => Enum.Parse<RowFormat>(format.Tag switch
    {
        DataFormat.Tags.Messages => nameof(RowFormat.Messages),
        DataFormat.Tags.PromptCompletion => nameof(RowFormat.PromptCompletion),
        DataFormat.Tags.Alpaca => nameof(RowFormat.Alpaca),
        DataFormat.Tags.ShareGpt => nameof(RowFormat.ShareGpt),
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
