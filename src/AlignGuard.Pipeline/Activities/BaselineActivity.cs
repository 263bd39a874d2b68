using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Measures the base model once: answers to the drift prompts and the task score. Shared by content hash between runs.</summary>
internal static class BaselineActivity
{
    public static async Task<Made> MakeAsync(RunContext run)
    {
        var answers = await Measuring.AnswerAsync(run, null, run.Inputs.DriftPrompts, "base answers", "baseline", run.Records.Baseline);
        var task = Measuring.ScoreTask(run, null, int.MaxValue);
        var measured = Measurement.Of(answers) with { Task = task.Accuracy, TaskRows = task.Correct.Count, TaskLoss = task.Loss };
        var files = new Dictionary<string, byte[]>
        {
            [Measuring.AnswersName] = Measuring.Lines(answers),
            [Measuring.TaskName] = CommitProtocol.ToJson(task),
        };
        return new Made(files, measured);
    }
}
