using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>What a model's tokens cost, per million.</summary>
internal sealed record TokenPrice(double Input, double Output);

/// <summary>A chat model that judges, and how it is asked.</summary>
/// <param name="Endpoint">Of the chat-completions protocol, up to and with <c>v1</c>.</param>
/// <param name="Model">As the endpoint calls it.</param>
internal sealed record LlmSettings(Uri Endpoint, string Model) : IJudgeSettings
{
    /// <summary>The environment variable that holds the key; null: none is sent.</summary>
    public string? Key { get; init; }

    public Rubric Rubric { get; init; } = Rubric.BuiltIn;

    public double Temperature { get; init; }

    /// <summary>Requests at a time.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>Further tries after a failure that may pass.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The wait before the second try; it doubles with each.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Of one request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest reply.</summary>
    public int MaxTokens { get; init; } = 512;

    /// <summary>Ask the endpoint to hold the model to JSON.</summary>
    public bool JsonMode { get; init; } = true;

    /// <summary>In the currency of <see cref="Price"/>; null: no limit.</summary>
    public double? MaxCost { get; init; }

    public TokenPrice? Price { get; init; }

    /// <summary>Folder of the judgements that were made before.</summary>
    public string Cache { get; init; } = DefaultCache;

    /// <summary>Keep the model's own words, which may quote request and answer.</summary>
    public bool StoreReasons { get; init; }

    public static string DefaultCache => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache) ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "alignguard", "judgements");

    public IJudge Open(string? run = null)
    {
        var key = Key is null ? null : Environment.GetEnvironmentVariable(Key);
        if (Key is not null && string.IsNullOrWhiteSpace(key)) throw new UserFaultException($"The environment variable {Key}, which is to hold the key of {Endpoint}, is not set: export it before you start.");
        return new LlmJudge(this, ChatEndpoint.Connect(this, key?.Trim()), run);
    }
}
