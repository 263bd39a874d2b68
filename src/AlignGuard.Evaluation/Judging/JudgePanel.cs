using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging.Rules;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging;

/// <summary>What a panel reads besides the verdict that decides.</summary>
/// <param name="Seconds">Names of the judges that read verdicts beside the one that decides.</param>
public sealed record PanelRoles(bool ReadsToxicity, IReadOnlyList<string> Seconds)
{
    public static PanelRoles None { get; } = new(false, []);
}

/// <summary>Judges of the same answers. The first that reads verdicts decides, the others' verdicts are second opinions; toxicity is the first's that reads it.</summary>
public sealed class JudgePanel : IDisposable
{
    private readonly IReadOnlyList<IJudge> judges;
    private readonly IJudge deciding;
    private readonly IJudge? ofToxicity;

    /// <exception cref="UserFaultException">None reads verdicts, or one is there twice.</exception>
    public JudgePanel(IReadOnlyList<IJudge> judges)
    {
        var problems = judges.GroupBy(j => j.Name).Where(g => g.Count() > 1).Select(g => $"The judge {g.Key} is named {g.Count()} times: once is enough.").ToList();
        if (!judges.Any(j => j.Reads.HasFlag(JudgeReads.Verdict)))
            problems.Add($"None of the judges ({string.Join(", ", judges.Select(j => j.Name))}) reads verdicts: name one that does, such as rules.");
        if (problems.Count > 0) throw new UserFaultException(problems);
        this.judges = judges;
        deciding = judges.First(j => j.Reads.HasFlag(JudgeReads.Verdict));
        ofToxicity = judges.FirstOrDefault(j => j.Reads.HasFlag(JudgeReads.Toxicity));
    }

    /// <summary>The rules alone.</summary>
    public static JudgePanel Default { get; } = new([new RuleJudge()]);

    /// <summary>Of the judge that decides.</summary>
    public string Name => deciding.Name;

    /// <summary>Of the judge whose toxicity counts; null = none reads it.</summary>
    public string? ToxicityName => ofToxicity?.Name;

    /// <summary>Of all, the deciding one first.</summary>
    public IReadOnlyList<string> Names => [deciding.Name, .. judges.Where(j => j != deciding).Select(j => j.Name)];

    /// <summary>What the panel reads, for whoever holds its readings and not its judges.</summary>
    public PanelRoles Roles => new(ofToxicity is not null, [.. judges.Where(j => j != deciding && j.Reads.HasFlag(JudgeReads.Verdict)).Select(j => j.Name)]);

    /// <summary>Each answer as the judges read it, in the order of the prompts.</summary>
    public async Task<IReadOnlyList<PromptAnswer>> ReadAsync(IReadOnlyList<Prompt> prompts, IReadOnlyList<string> answers, CancellationToken cancellation)
    {
        Exchange[] exchanges = [.. prompts.Zip(answers, (p, a) => new Exchange(p, a))];
        var read = new Dictionary<IJudge, IReadOnlyList<Judgement>>();
        foreach (var judge in judges) read[judge] = await judge.ReadAsync(exchanges, cancellation);
        return [.. exchanges.Select((e, n) => new PromptAnswer(e.Prompt.Id, e.Prompt.Category, e.Prompt.Unsafe, e.Prompt.Text, e.Answer, read[deciding][n].Verdict!.Value)
        {
            Judge = deciding.Name,
            Toxicity = ofToxicity is null ? null : read[ofToxicity][n].Toxicity,
            ToxicityJudge = ofToxicity?.Name,
            Opinions = Opinions(read, n),
        })];
    }

    public void Dispose()
    {
        foreach (var judge in judges) judge.Dispose();
    }

    private Dictionary<string, Verdict>? Opinions(Dictionary<IJudge, IReadOnlyList<Judgement>> read, int n)
    {
        var others = judges.Where(j => j != deciding && j.Reads.HasFlag(JudgeReads.Verdict)).ToDictionary(j => j.Name, j => read[j][n].Verdict!.Value);
        return others.Count == 0 ? null : others;
    }
}
