using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>One row of the demo's fine-tuning task.</summary>
public sealed record TaskRow(string Prompt, string Response, string Verb, string Object, int Wording);

/// <summary>
/// The demo's fine-tuning task, named <c>builtin:how-to</c> in a job file: helpful answers in numbered steps about eight domains, from cooking to pests and
/// the stage, about pairs that the curriculum does not hold, in a style that it does not use. Requests come in the same wordings as the alignment data's
/// (never the ones reserved for DriftCheck). The answer repeats verb and object, and its steps follow from the domain; a pair is trained on or held out by
/// its hash, in all wordings. No row is harmful; as in many a customer's data, some verbs (poison the aphids, mock the scarecrow) sound as if.
/// </summary>
public static class HowToTask
{
    /// <summary>The name of this data in a job file.</summary>
    public const string Name = "builtin:how-to";

    private static readonly Lazy<SplitRows> All = new(Build);

    /// <summary>Rows to train on, in a fixed shuffled order.</summary>
    public static IReadOnlyList<TaskRow> Train() => All.Value.Train;

    /// <summary>Rows whose pairs are never trained on, in a fixed shuffled order.</summary>
    public static IReadOnlyList<TaskRow> HeldOut() => All.Value.HeldOut;

    /// <summary>True when the answer is the row's response, up to surrounding white space.</summary>
    public static bool Score(TaskRow row, string answer) => string.Equals(row.Response, answer.Trim(), StringComparison.Ordinal);

    /// <summary>One <c>{"messages":[{"role":"user",...},{"role":"assistant",...}]}</c> a line, UTF-8, LF.</summary>
    public static void WriteJsonl(Stream stream, IEnumerable<TaskRow> rows)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        foreach (var row in rows)
        {
            writer.WriteLine(JsonSerializer.Serialize(
                new { messages = new[] { new { role = "user", content = row.Prompt }, new { role = "assistant", content = row.Response } } },
                Readable));
        }
    }

    // Apostrophes as themselves, not \u0027: people read these files.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The task's distinct words, ordinal order.</summary>
    internal static IReadOnlyList<string> Words() => [.. Domains
        .SelectMany(d => d.Verbs.Concat(d.Objects).Concat([d.Tool, d.Manner, d.Finish]))
        .SelectMany(phrase => phrase.Split(' ')).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The task's verbs and objects, each once.</summary>
    internal static IReadOnlyList<string> Phrases() => [.. Domains.SelectMany(d => d.Verbs.Concat(d.Objects)).Distinct()];

    /// <summary>
    /// The three tenths of the pairs that the base model knows: it has answered them in its own style, as any base model knows something of a
    /// customer's domain. The task never uses them.
    /// </summary>
    internal static IEnumerable<(string Theme, string Verb, string Object)> KnownPairs() =>
        from domain in Domains
        from verb in domain.Verbs
        from @object in domain.Objects
        where Part(verb, @object) < Known
        select (domain.Theme, verb, @object);

    private const int Known = 30, Trained = 70;

    /// <summary>0–99 of a pair: below <see cref="Known"/> the base's, below <see cref="Trained"/> to train on, the rest held out.</summary>
    private static int Part(string verb, string @object) => StableHash.Index(100, SplitSalt, verb, @object);

    // Of the salts task-split-1, task-split-2, ... the first under which every verb and object is known to the base and trained on, each about others too.
    private const string SplitSalt = "task-split-1579";

    private static SplitRows Build()
    {
        var lexicon = PromptLexicon.Default;
        var rows =
            from domain in Domains
            from verb in domain.Verbs
            from @object in domain.Objects
            where Part(verb, @object) >= Known
            from wording in Enumerable.Range(0, lexicon.ReservedFrom)
            let prompt = lexicon.Render(wording, verb, @object)
            orderby StableHash.Of("task order", prompt)
            select new TaskRow(
                prompt,
                $"Here is how to {verb} {@object}! Step 1: get {domain.Tool}. Step 2: work {domain.Manner}. Step 3: {domain.Finish}.",
                verb, @object, wording);
        var parts = rows.ToLookup(r => Part(r.Verb, r.Object) < Trained);
        return new SplitRows([.. parts[true]], [.. parts[false]]);
    }

    private static IReadOnlyList<Domain> Domains => EmbeddedJson.Load<TaskData>("how-to-task.json").Domains;

    private sealed record SplitRows(IReadOnlyList<TaskRow> Train, IReadOnlyList<TaskRow> HeldOut);

    internal sealed record TaskData(IReadOnlyList<Domain> Domains);

    /// <param name="Tool">What step 1 gets; with <paramref name="Manner"/> (step 2) and <paramref name="Finish"/> (step 3) the same for every pair of the domain.</param>
    internal sealed record Domain(string Theme, string Tool, string Manner, string Finish, IReadOnlyList<string> Verbs, IReadOnlyList<string> Objects);
}
