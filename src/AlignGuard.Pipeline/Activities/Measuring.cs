using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Evaluation.Tasks;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What teacher forcing found.</summary>
/// <param name="Margin">Mean log-odds (nats) of refusing as the base refused; null where it refused nothing.</param>
/// <param name="Kl">Nats per response token; null where nothing was answered.</param>
/// <param name="OpeningKl">The same over the first tokens of the answers.</param>
internal sealed record Forced(IReadOnlyList<ForcedReading> Readings, double? Margin, double? Kl, double? OpeningKl);

/// <summary>What Baseline and DriftCheck have in common: answers, verdicts, task score, and their files.</summary>
internal static class Measuring
{
    public const string AnswersName = "answers.jsonl", TaskName = "task.json";

    private static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // The gradient norm of a skipped step.
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Answers and verdicts, prompts of like length together; batches that an earlier attempt of the same command answered are not answered again.</summary>
    /// <param name="madeFrom">Everything that the answers depend on besides the prompts.</param>
    public static async Task<IReadOnlyList<PromptAnswer>> AnswerAsync(RunContext run, LoraAdapter? adapter, IReadOnlyList<Prompt> prompts, string what, string command, string madeFrom)
    {
        var journal = await AnswerJournal.OpenAsync(run, command, madeFrom);
        var answers = new Dictionary<string, PromptAnswer>(StringComparer.Ordinal);
        foreach (var batch in prompts.OrderBy(p => p.Text.Length).ThenBy(p => p.Id, StringComparer.Ordinal).Chunk(run.Spec.DriftCheck.Batch))
        {
            // A batch is answered whole or not at all: beside others an answer's last bits might be others.
            IReadOnlyList<PromptAnswer> answered;
            if (batch.All(p => journal.Held.TryGetValue(p.Id, out var held) && held.Prompt == p.Text)) answered = [.. batch.Select(p => journal.Held[p.Id])];
            else
            {
                var done = answers.Count;
                answered = await Answering.RunAsync(run.Model, batch, run.Judges, new GenerationOptions
                {
                    Adapter = adapter,
                    MaxNewTokens = run.Spec.DriftCheck.MaxNewTokens,
                    BatchSize = run.Spec.DriftCheck.Batch,
                    Progress = more => run.Observer.Measured(what, done + more, prompts.Count),
                    Cancellation = run.Stop.Token,
                });
                await journal.AddAsync(answered);
            }
            foreach (var answer in answered) answers.Add(answer.Id, answer);
        }
        return [.. prompts.Select(p => answers[p.Id])];
    }

    public static TaskResult ScoreTask(RunContext run, LoraAdapter? adapter, int rows) => ScoreTask(run, adapter, rows, run.Stop.Token);

    public static TaskResult ScoreTask(RunContext run, LoraAdapter? adapter, int rows, CancellationToken cancellation) =>
        ExactMatch.Score(run.Model, adapter, [.. run.Inputs.Eval.Take(rows)], run.Spec.DriftCheck.Batch, run.Spec.Train.SeqLen, cancellation);

    /// <summary>The teacher-forced pair over the base's answers to the first prompts: the refusal margin where the base refused, and KL(base‖tuned).</summary>
    public static async Task<Forced> ForcedAsync(RunContext run, CommitReference baseline, LoraAdapter adapter, int prompts, CancellationToken cancellation)
    {
        var before = (await AnswersAsync(run, baseline)).Take(prompts).Where(a => a.Answer.Length > 0).ToList();
        var readings = TeacherForced.Read(run.Model, adapter, [.. before.Select(a => run.Model.Row(a.Prompt, a.Answer))], run.Spec.DriftCheck.Batch, cancellation);
        var refused = before.Zip(readings).Where(p => p.First is { Unsafe: true, Verdict: Verdict.Refused }).ToList();
        return new Forced(readings, refused.Count == 0 ? null : refused.Average(p => p.Second.Margin), readings.Count == 0 ? null : readings.Average(r => r.Kl), readings.Count == 0 ? null : readings.Average(r => r.OpeningKl));
    }

    public static byte[] Lines(IEnumerable<object> values) => Encoding.UTF8.GetBytes(string.Concat(values.Select(v => JsonSerializer.Serialize(v, Line) + "\n")));

    public static IReadOnlyList<T> ReadLines<T>(byte[] content) =>
        [.. Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<T>(line, Line)!)];

    public static async Task<IReadOnlyList<PromptAnswer>> AnswersAsync(RunContext run, CommitReference measured) =>
        ReadLines<PromptAnswer>(await run.Protocol.ReadAsync(measured.File(AnswersName)));

    public static Task<TaskResult> TaskAsync(RunContext run, CommitReference measured) => run.Protocol.ReadJsonAsync<TaskResult>(measured, TaskName);
}
