using System.Globalization;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Store.Rehearsal;

/// <summary>What happens to a request.</summary>
public enum FaultKind
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Answered 503 ServerBusy, never sent.</summary>
    Busy,
    /// <summary>Sent and done, but the answer is thrown away: nobody knows.</summary>
    Lost,
    /// <summary>The answer's body ends early.</summary>
    Cut,
    /// <summary>Sent after a wait.</summary>
    Slow,
}

/// <param name="Kind">What happens.</param>
/// <param name="Where">In [0, 1): where the body of a cut answer ends.</param>
/// <param name="Breaks">Lost: the connection breaks (else: 500 OperationTimedOut). Cut: reading fails (else: the stream just ends).</param>
public readonly record struct Fault(FaultKind Kind, double Where, bool Breaks);

/// <summary>
/// Which share of the requests to blob storage meets which fault, e.g. <c>seed=1,busy=0.05,lost=0.05,cut=0.05,slow=0.1,delay=200</c>. The n-th request of a
/// process meets the same fault every time: a rehearsal that went wrong can be repeated.
/// </summary>
public sealed record FaultPlan
{
    /// <summary>Environment variable that holds a plan; unset or empty for no faults.</summary>
    public const string Variable = "ALIGNGUARD_STORE_FAULTS";

    private const int LongestDelay = 60_000;

    /// <summary>Another seed, other requests. Default 0.</summary>
    public long Seed { get; init; }
    /// <summary>Share of requests, 0 to 1. Default 0.</summary>
    public double Busy { get; init; }
    /// <summary>Share of requests, 0 to 1. Default 0.</summary>
    public double Lost { get; init; }
    /// <summary>Share of requests, 0 to 1; only those that read (GET) can be cut, others go through. Default 0.</summary>
    public double Cut { get; init; }
    /// <summary>Share of requests, 0 to 1. Default 0.</summary>
    public double Slow { get; init; }
    /// <summary>Of slow requests; 0 to 60,000 ms. Default 200 ms.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The plan of the environment; null where there is none.</summary>
    /// <exception cref="UserFaultException">All that is wrong with it.</exception>
    public static FaultPlan? FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { } text && !string.IsNullOrWhiteSpace(text) ? Parse(text) : null;

    /// <param name="text"><c>name=value</c>, separated by commas, in any order; what is not named has its default.</param>
    /// <exception cref="UserFaultException">All that is wrong with it.</exception>
    public static FaultPlan Parse(string text)
    {
        var (plan, problems, seen) = (new FaultPlan(), new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : (part, "");
            if (!seen.Add(name)) problems.Add($"{Variable}: {name} is given twice.");
            plan = name switch
            {
                "seed" => plan with { Seed = long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed) ? seed : Wrong(0L, "a whole number") },
                "busy" => plan with { Busy = Share() },
                "lost" => plan with { Lost = Share() },
                "cut" => plan with { Cut = Share() },
                "slow" => plan with { Slow = Share() },
                "delay" => plan with { Delay = TimeSpan.FromMilliseconds(Number() is >= 0 and <= LongestDelay and var ms ? ms : Wrong(0d, $"milliseconds from 0 to {LongestDelay}")) },
                _ => Wrong(plan, null),
            };

            double Number() => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
            double Share() => Number() is >= 0 and <= 1 and var share ? share : Wrong(0d, "a share of the requests from 0 to 1");
            T Wrong<T>(T fallback, string? expected)
            {
                problems.Add(expected is null ? $"{Variable}: '{name}' is unknown; there are seed, busy, lost, cut, slow, delay." : $"{Variable}: {name} is '{value}'; {expected} is expected.");
                return fallback;
            }
        }
        // A sum of shares that were written as decimals may miss 1 by its rounding.
        var sum = plan.Busy + plan.Lost + plan.Cut + plan.Slow;
        if (sum > 1 + 1e-9) problems.Add(FormattableString.Invariant($"{Variable}: the shares busy, lost, cut and slow add up to {sum:0.####}; a request meets one fault at most, so make them 1 or less together."));
        return problems.Count == 0 ? plan : throw new UserFaultException(problems);
    }

    /// <summary>What the n-th request meets: the same for the same plan, whoever asks and in whatever order.</summary>
    public Fault At(long request)
    {
        var random = new StableRandom(StableHash.Of("store fault", $"{Seed}", $"{request}"));
        var draw = Unit();
        var kind = (draw -= Busy) < 0 ? FaultKind.Busy
            : (draw -= Lost) < 0 ? FaultKind.Lost
            : (draw -= Cut) < 0 ? FaultKind.Cut
            : draw - Slow < 0 ? FaultKind.Slow
            : FaultKind.None;
        return new Fault(kind, Unit(), random.Next(2) == 0);

        double Unit() => (random.Next() >> 11) * (1.0 / (1UL << 53));
    }

    public override string ToString() =>
        FormattableString.Invariant($"seed={Seed},busy={Busy},lost={Lost},cut={Cut},slow={Slow},delay={Delay.TotalMilliseconds}");
}
