using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>What a benchmark's figures were taken from: a JSON object a line for every item, with all that the model read and how it answered.</summary>
public static class SampleFile
{
    // Prompts stay readable: the file is no part of a web page.
    private static readonly JsonSerializerOptions Plain = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="path">Replaced as a whole, or not at all.</param>
    public static void Write(string path, BenchmarkResult result, FewShot prompts) => AtomicFile.Write(path, stream =>
    {
        foreach (var answer in result.Answers)
        {
            JsonSerializer.Serialize(stream, Line(result.Task, answer, prompts.Prompt(answer.Item)), Plain);
            stream.WriteByte((byte)'\n');
        }
    });

    private static object Line(BenchmarkTask task, AnsweredItem a, string prompt) => a.Text is { } text
        ? new { task = task.Name, version = task.Version, id = a.Item.Id, prompt, references = a.Item.References, text, cutTokens = a.Cut }
        : new { task = task.Name, version = task.Version, id = a.Item.Id, subject = a.Item.Subject.Length > 0 ? a.Item.Subject : null, prompt, choices = a.Item.Choices, gold = a.Item.Gold, chosen = a.Chosen, chosenPerCharacter = a.ChosenPerCharacter, chosenPerByte = a.ChosenPerByte, logLikelihoods = a.LogLikelihoods, cutTokens = a.Cut };
}
