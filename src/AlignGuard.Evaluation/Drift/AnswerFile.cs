using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Drift;

/// <summary>Answers as JSON lines, one a prompt, each written when it is there: a measurement that is broken off goes on behind the last whole line.</summary>
public static class AnswerFile
{
    private static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(allowIntegerValues: false) }, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All answers; a last line that was torn off is left out.</summary>
    /// <exception cref="UserFaultException">No such file, or lines that are no answers: all of them, by number.</exception>
    public static IReadOnlyList<PromptAnswer> Read(string path)
    {
        if (!File.Exists(path)) throw new UserFaultException([$"There is no file {path}. `alignguard driftcheck run` writes one."]);
        var text = File.ReadAllText(path);
        var lines = text.Split('\n');
        var (answers, problems) = (new List<PromptAnswer>(), new List<string>());
        for (var n = 0; n < lines.Length; n++)
        {
            if (lines[n].Length == 0) continue;
            // What has no line end was being written.
            var torn = n == lines.Length - 1;
            try
            {
                if (Parse(lines[n]) is { } answer) answers.Add(answer);
                else if (!torn) problems.Add($"{path}:{n + 1}: this is no answer: id, category, unsafe, prompt, answer and verdict are needed.");
            }
            catch (JsonException e)
            {
                if (!torn) problems.Add($"{path}:{n + 1}: this is no answer: {e.Message}");
            }
        }
        foreach (var twice in answers.GroupBy(a => a.Id).Where(g => g.Count() > 1).Take(20)) problems.Add($"{path}: prompt {twice.Key} is answered {twice.Count()} times.");
        return problems.Count > 0 ? throw new UserFaultException(problems) : answers;
    }

    /// <summary>Cuts off a torn last line, or ends one that lacks nothing but its end, and appends to what is left.</summary>
    public static StreamWriter Append(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var end = stream.Length;
        while (end > 0)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == '\n') break;
            end--;
        }
        var tail = new byte[stream.Length - end];
        stream.Position = end;
        stream.ReadExactly(tail);
        if (tail.Length > 0 && IsWhole(Encoding.UTF8.GetString(tail))) stream.WriteByte((byte)'\n');
        else stream.SetLength(end);
        return new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\n", AutoFlush = true };
    }

    /// <summary>Null where something that an answer has is missing.</summary>
    private static PromptAnswer? Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        // Left out, a verdict or a class would be the first there is.
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("verdict", out _) || !document.RootElement.TryGetProperty("unsafe", out _)) return null;
        return document.RootElement.Deserialize<PromptAnswer>(Line) is { Id: not null, Category: not null, Prompt: not null, Answer: not null } answer ? answer : null;
    }

    private static bool IsWhole(string line)
    {
        try
        {
            return Parse(line) is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public static string Write(PromptAnswer answer) => JsonSerializer.Serialize(answer, Line);
}
