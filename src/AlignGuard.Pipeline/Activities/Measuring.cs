using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Evaluation.Tasks;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What Baseline and DriftCheck have in common: answers, verdicts, task score, and their files.</summary>
internal static class Measuring
{
    public const string AnswersName = "answers.jsonl", TaskName = "task.json";

    private static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() }, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<PromptAnswer> Answer(RunContext run, LoraAdapter? adapter, IReadOnlyList<Prompt> prompts, string what) =>
        Answering.Run(run.Model, prompts, new GenerationOptions
        {
            Adapter = adapter,
            MaxNewTokens = run.Spec.DriftCheck.MaxNewTokens,
            BatchSize = run.Spec.DriftCheck.Batch,
            Progress = done => run.Observer.Measured(what, done, prompts.Count),
            Cancellation = run.Stop.Token,
        });

    public static TaskResult ScoreTask(RunContext run, LoraAdapter? adapter, int rows) =>
        ExactMatch.Score(run.Model, adapter, [.. run.Inputs.Eval.Take(rows)], run.Spec.DriftCheck.Batch, run.Spec.Train.SeqLen, run.Stop.Token);

    public static byte[] Lines(IEnumerable<object> values) => Encoding.UTF8.GetBytes(string.Concat(values.Select(v => JsonSerializer.Serialize(v, Line) + "\n")));

    public static IReadOnlyList<T> ReadLines<T>(byte[] content) =>
        [.. Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<T>(line, Line)!)];

    public static async Task<IReadOnlyList<PromptAnswer>> AnswersAsync(RunContext run, CommitReference measured) =>
        ReadLines<PromptAnswer>(await run.Protocol.ReadAsync(measured.File(AnswersName)));

    public static Task<TaskResult> TaskAsync(RunContext run, CommitReference measured) => run.Protocol.ReadJsonAsync<TaskResult>(measured, TaskName);
}
