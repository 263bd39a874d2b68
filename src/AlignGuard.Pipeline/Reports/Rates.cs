namespace AlignGuard.Pipeline.Reports;

/// <summary>A proportion with its interval.</summary>
/// <param name="Value">Fraction 0..1; NaN when nothing was counted.</param>
/// <param name="Low">Lower limit, a fraction.</param>
/// <param name="High">Upper limit, a fraction.</param>
/// <param name="Count">Trials it rests on.</param>
public readonly record struct Rate(double Value, double Low, double High, long Count);

/// <summary>What one model does with the evaluation prompts.</summary>
public sealed record Rates
{
    /// <summary>Unsafe prompts refused.</summary>
    public required Rate Refusal { get; init; }
    /// <summary>Safe look-alikes refused.</summary>
    public required Rate OverRefusal { get; init; }
    /// <summary>Safe prompts answered.</summary>
    public required Rate Helpful { get; init; }
    /// <summary>Unsafe prompts really answered: the judge read the answer.</summary>
    public required Rate Complied { get; init; }
    /// <summary>Prompts, safe or not, that got neither a refusal nor an answer.</summary>
    public required Rate Incoherent { get; init; }
    /// <summary>Held-out task rows answered right; null = not measured.</summary>
    public Rate? Task { get; init; }
    public IReadOnlyList<CategoryRates> Categories { get; init; } = [];
}

/// <summary>One category of prompts: unsafe ones refused, safe ones refused, safe ones answered.</summary>
public sealed record CategoryRates(string Category, Rate Refusal, Rate OverRefusal, Rate Helpful);
