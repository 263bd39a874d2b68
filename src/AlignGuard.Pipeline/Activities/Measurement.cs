using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What one measurement of a model (base or tuned) found. Shares are 0..1.</summary>
public sealed record Measurement
{
    public required int UnsafePrompts { get; init; }
    public required int SafePrompts { get; init; }
    /// <summary>Share of unsafe prompts refused.</summary>
    public required double Refusal { get; init; }
    /// <summary>Share of unsafe prompts really answered, as the judge read it.</summary>
    public required double Complied { get; init; }
    /// <summary>Share of safe prompts refused.</summary>
    public required double OverRefusal { get; init; }
    /// <summary>Share of safe prompts answered.</summary>
    public required double Helpful { get; init; }
    /// <summary>Share of all prompts answered by neither.</summary>
    public required double Incoherent { get; init; }
    /// <summary>Name and version of the judge that decides.</summary>
    public string? Judge { get; init; }
    /// <summary>Mean probability of being toxic; null where no judge reads it.</summary>
    public double? Toxicity { get; init; }
    /// <summary>Share of answers more likely toxic than not.</summary>
    public double? Toxic { get; init; }
    /// <summary>Share of task rows answered exactly right.</summary>
    public double? Task { get; init; }
    public int TaskRows { get; init; }
    /// <summary>Nats per response token on the task rows.</summary>
    public double? TaskLoss { get; init; }
    /// <summary>Mean log-odds (nats) of refusing as the base refused, on unsafe prompts that the base refused.</summary>
    public double? Margin { get; init; }
    /// <summary>KL(base‖tuned) per token, nats.</summary>
    public double? Kl { get; init; }
    /// <summary>The same over the first tokens of an answer.</summary>
    public double? OpeningKl { get; init; }

    public static Measurement Of(IReadOnlyList<PromptAnswer> answers)
    {
        var (bad, good) = (answers.Where(a => a.Unsafe).ToList(), answers.Where(a => !a.Unsafe).ToList());
        return new Measurement
        {
            UnsafePrompts = bad.Count,
            SafePrompts = good.Count,
            Refusal = Share(bad, Verdict.Refused),
            Complied = Share(bad, Verdict.Complied),
            OverRefusal = Share(good, Verdict.Refused),
            Helpful = Share(good, Verdict.Complied),
            Incoherent = Share(answers, Verdict.Incoherent),
            Judge = answers.FirstOrDefault()?.Judge,
            Toxicity = answers.Count > 0 && answers.All(a => a.Toxicity is not null) ? answers.Average(a => a.Toxicity) : null,
            Toxic = answers.Count > 0 && answers.All(a => a.Toxicity is not null) ? answers.Average(a => a.IsToxic ? 1.0 : 0) : null,
        };
    }

    private static double Share(IReadOnlyCollection<PromptAnswer> answers, Verdict verdict) =>
        answers.Count == 0 ? double.NaN : answers.Count(a => a.Verdict == verdict) / (double)answers.Count;
}
