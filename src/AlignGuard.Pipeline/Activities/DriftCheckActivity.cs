using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Store;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// Measures an adapter: refusals, over-refusals and helpfulness by generation and judge, the refusal margin and KL(base‖tuned) by teacher forcing on the
/// base's own answers, and the task score.
/// </summary>
internal static class DriftCheckActivity
{
    public const string ForcedName = "teacher-forced.json";

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents, string command, DriftSize size)
    {
        using var scope = NewDisposeScope();
        using var adapter = await AdapterState.OpenAsync(run, parents["segment"]);
        var count = size.IsFinal ? run.Inputs.DriftPrompts.Count : Math.Min(run.Spec.DriftCheck.Size, run.Inputs.DriftPrompts.Count);
        var prompts = run.Inputs.DriftPrompts.Take(count).ToList();

        // The teacher-forced pair is an average that a thousand prompts settle; the final check needs no more of it.
        var forced = await Measuring.ForcedAsync(run, parents["baseline"], adapter, Math.Min(count, run.Spec.DriftCheck.Size), run.Stop.Token);
        var answers = await Measuring.AnswerAsync(run, adapter, prompts, size.IsFinal ? "final DriftCheck" : "DriftCheck", command, $"{parents["baseline"].Hash} {parents["segment"].Hash} {count}");
        var task = Measuring.ScoreTask(run, adapter, size.IsFinal ? int.MaxValue : run.Spec.DriftCheck.Size);

        var measured = Measurement.Of(answers) with
        {
            Task = task.Accuracy,
            TaskRows = task.Correct.Count,
            TaskLoss = task.Loss,
            Margin = forced.Margin,
            Kl = forced.Kl,
            OpeningKl = forced.OpeningKl,
        };
        var files = new Dictionary<string, byte[]>
        {
            [Measuring.AnswersName] = Measuring.Lines(answers),
            [Measuring.TaskName] = CommitProtocol.ToJson(task),
            [ForcedName] = CommitProtocol.ToJson(forced.Readings),
        };
        return new Made(files, measured);
    }
}
