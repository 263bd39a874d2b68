using AlignGuard.Evaluation.Judging.Files;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>The keys of <c>kind: llm</c>.</summary>
internal static class LlmFile
{
    public static readonly string[] Keys = ["kind", "endpoint", "model", "key", "rubric", "temperature", "parallel", "retries", "timeout", "maxTokens", "replies", "maxCost", "price", "cache", "storeReasons"];

    public static LlmSettings? Read(JudgeKeys keys)
    {
        keys.Only(Keys);
        var endpoint = Endpoint(keys);
        var model = keys.Text("model", "the model's name, as the endpoint calls it", required: true);
        var key = keys.Text("key", "the name of an environment variable");
        if (key is not null && KeyVariable.Problem(key) is { } problem) keys.Refuse("key", problem);
        if (key is not null && endpoint is { Scheme: "http", IsLoopback: false }) keys.Refuse("endpoint", "a key would be sent unencrypted.", "Use https, or no key.");
        var price = keys.Group("price", "price: { input: 0.15, output: 0.6 }") is { } prices ? Price(prices) : null;
        if (keys.Has("maxCost") && !keys.Has("price")) keys.Refuse("maxCost", "needs price, of a million tokens.", "Write e.g. price: { input: 0.15, output: 0.6 }.");
        var settings = new LlmSettings(endpoint ?? new Uri("http://localhost"), model ?? "")
        {
            Key = key,
            Rubric = Rubric(keys),
            Temperature = keys.Number("temperature", 0, 0, 2),
            Parallel = keys.Whole("parallel", 4, 1, 256),
            Retries = keys.Whole("retries", 3, 0, 20),
            Timeout = TimeSpan.FromSeconds(keys.Number("timeout", 60, 0, 3600, above: true)),
            MaxTokens = keys.Whole("maxTokens", 512, 16, 65536),
            JsonMode = keys.Choice("replies", "json", "text") != "text",
            MaxCost = keys.Has("maxCost") ? keys.Number("maxCost", 0, 0, double.PositiveInfinity, above: true) : null,
            Price = price,
            Cache = keys.FullPath("cache", "a folder") ?? LlmSettings.DefaultCache,
            StoreReasons = keys.Flag("storeReasons"),
        };
        return endpoint is null || model is null ? null : settings;
    }

    private static Uri? Endpoint(JudgeKeys keys)
    {
        if (keys.Text("endpoint", "an address such as https://api.openai.com/v1", required: true) is not { } text) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            keys.Refuse("endpoint", "an address is needed, such as https://api.openai.com/v1 or http://localhost:11434/v1.");
        else if (uri.UserInfo.Length > 0) keys.Refuse("endpoint", "must hold no user or password.", "Name the key's environment variable under key.");
        else if (uri.AbsolutePath.TrimEnd('/').EndsWith("/completions", StringComparison.Ordinal)) keys.Refuse("endpoint", "must end before chat/completions, which is added.", "It mostly ends with /v1.");
        else return uri;
        return null;
    }

    private static TokenPrice Price(JudgeKeys keys)
    {
        keys.Only("input", "output");
        foreach (var side in new[] { "input", "output" })
            if (!keys.Has(side)) keys.Refuse(side, "the key is missing.", "Give the price of a million tokens.");
        return new TokenPrice(keys.Number("input", 0, 0, 1e6), keys.Number("output", 0, 0, 1e6));
    }

    private static Rubric Rubric(JudgeKeys keys)
    {
        if (keys.FullPath("rubric", "a text file") is not { } path) return Llm.Rubric.BuiltIn;
        try
        {
            return Llm.Rubric.Load(path);
        }
        catch (UserFaultException e)
        {
            foreach (var problem in e.Problems) keys.Refuse("rubric", problem);
            return Llm.Rubric.BuiltIn;
        }
    }
}
