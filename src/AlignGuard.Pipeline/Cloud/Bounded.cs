using System.Text;
using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>Keeps messages small: what an activity says of a failure, or warns of, may be as long as a job is wrong.</summary>
public static class Bounded
{
    /// <summary>The most that a message may have as JSON, in bytes (64 KiB). The service gives up far beyond; histories are read whole at every replay.</summary>
    public const int MessageBytes = 64 * 1024;

    // Characters; in JSON within JSON one takes up to seven bytes.
    private const int LongestSentence = 2_000;
    private const int MostWarnings = 24, LongestWarning = 300;

    /// <summary>The same event with texts cut to what fits. Only texts for people are ever long.</summary>
    public static Event Of(Event happened) => happened switch
    {
        Event.Failed f => Event.NewFailed(f.CommandId, f.Attempt, new Fault(f.Fault.Kind, Cut(f.Fault.Message, LongestSentence))),
        Event.Completed { Result: CommandResult.DecomposeDone d } c => Event.NewCompleted(c.CommandId, c.Attempt, CommandResult.NewDecomposeDone(Cut(d.Warnings))),
        _ => happened,
    };

    /// <summary>A sentence of at most 2,000 characters.</summary>
    public static string Sentence(string text) => Cut(text, LongestSentence);

    private static string[] Cut(string[] warnings)
    {
        string[] kept = [.. warnings.Take(MostWarnings).Select(w => Cut(w, LongestWarning))];
        return warnings.Length <= MostWarnings ? kept : [.. kept, $"and {warnings.Length - MostWarnings} more, in the record"];
    }

    private static string Cut(string text, int longest)
    {
        if (text.Length <= longest) return text;
        // Not in the middle of a pair, which would be no text any more.
        var end = char.IsHighSurrogate(text[longest - 4]) ? longest - 5 : longest - 4;
        return new StringBuilder(text, 0, end, longest).Append(" ...").ToString();
    }
}
