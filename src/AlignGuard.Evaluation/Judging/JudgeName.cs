namespace AlignGuard.Evaluation.Judging;

/// <summary>What a result names as its judge: verdicts of different judges, or versions of one, are not compared without a word.</summary>
public static class JudgeName
{
    /// <summary>Raised when a rule changes what is read in an answer.</summary>
    public const int RulesVersion = 1;

    /// <summary>Of <see cref="Judge"/>.</summary>
    public static string Current => $"rules/{RulesVersion}";
}
