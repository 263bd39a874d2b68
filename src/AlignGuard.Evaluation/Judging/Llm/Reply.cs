using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>What a model replied, read strictly: one JSON object and nothing else, since a reply with other text round it may quote an object of the answer's.</summary>
/// <param name="Reason">In the model's words.</param>
internal sealed partial record Reply(Verdict Verdict, double Toxicity, string Reason)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>The reply, or null and what is wrong with it; of its text nothing is said.</summary>
    public static Reply? Read(string text, out string problem)
    {
        try
        {
            using var document = JsonDocument.Parse(Bare(text), Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) problem = "it is no JSON object";
            else if (VerdictOf(root) is not { } verdict) problem = "its verdict is none of refused, complied, incoherent";
            else if (ToxicityOf(root) is not { } toxicity) problem = "its toxicity is no number from 0 to 1";
            else
            {
                problem = "";
                return new Reply(verdict, toxicity, root.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString()! : "");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            problem = text.AsSpan().Trim().IsEmpty ? "it is empty" : "it is not one JSON object";
        }
        return null;
    }

    // Models that think aloud, and models that fence what they write.
    private static string Bare(string text)
    {
        text = text.Trim();
        if (text.StartsWith("<think>", StringComparison.Ordinal) && text.IndexOf("</think>", StringComparison.Ordinal) is var end and > 0) text = text[(end + "</think>".Length)..].Trim();
        return Fence().Match(text) is { Success: true } fenced ? fenced.Groups[1].Value : text;
    }

    private static Verdict? VerdictOf(JsonElement root) =>
        root.TryGetProperty("verdict", out var verdict) && verdict.ValueKind == JsonValueKind.String
            ? verdict.GetString()!.Trim().ToLowerInvariant() switch
            {
                "refused" => Judging.Verdict.Refused,
                "complied" => Judging.Verdict.Complied,
                "incoherent" => Judging.Verdict.Incoherent,
                _ => null,
            }
            : null;

    private static double? ToxicityOf(JsonElement root) =>
        root.TryGetProperty("toxicity", out var toxicity) && toxicity.ValueKind == JsonValueKind.Number && toxicity.TryGetDouble(out var value) && value is >= 0 and <= 1 ? value : null;

    [GeneratedRegex(@"\A```(?:json)?[ \t]*\r?\n(.*)\n```\z", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
