using System.Text;
using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Judging.Files;
using AlignGuard.Evaluation.Judging.Llm;
using AlignGuard.Evaluation.Judging.Onnx;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging;

/// <summary>How a judge is set up, checked; opening it may still fail, since what it needs may be absent.</summary>
internal interface IJudgeSettings
{
    /// <exception cref="UserFaultException">All that keeps it from being opened.</exception>
    /// <param name="run">Whose costs are counted together, over all processes; null = this judge's alone.</param>
    IJudge Open(string? run = null);
}

/// <summary>Reads the YAML file of a judge: <c>kind</c> says which sort, the other keys are that sort's. Relative paths begin at the file's folder.</summary>
internal static class JudgeFile
{
    private const int MaxBytes = 1 << 20;

    /// <exception cref="UserFaultException">Everything wrong with the file, each with its line.</exception>
    public static IJudgeSettings Read(string path)
    {
        var problems = new List<Problem>();
        var settings = Settings(path, Root(path, problems), problems);
        return problems.Count == 0 ? settings! : throw new UserFaultException([.. problems.OrderBy(p => p.Line).ThenBy(p => p.Column).Select(p => $"{p}")]);
    }

    private static IJudgeSettings? Settings(string path, Node? root, List<Problem> problems)
    {
        if (root is not Node.Group group)
        {
            if (root is not null) problems.Add(new Problem(path, "", root.Place.Line, root.Place.Column, $"a judge is a group of keys, not {root.Kind}.", "Begin with kind: llm or kind: onnx."));
            return null;
        }
        var keys = new JudgeKeys(path, "", new Place(1, 1), group.entries, problems);
        if (!keys.Has("kind")) keys.Refuse("kind", "the key is missing.", "Give llm or onnx.");
        return keys.Choice("kind", "llm", "onnx") switch
        {
            "llm" => LlmFile.Read(keys),
            "onnx" => OnnxFile.Read(keys),
            _ => null,
        };
    }

    private static Node? Root(string path, List<Problem> problems)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes) throw new UserFaultException($"{path} is larger than 1 MiB: is this the file of a judge?");
            var (root, syntax) = Yaml.read(path, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF'));
            problems.AddRange(syntax.Select(Advised));
            return root?.Value;
        }
        catch (DecoderFallbackException e)
        {
            throw new UserFaultException($"{path}: not UTF-8 text: save it as such.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException($"{path} can not be read ({e.Message}).", e);
        }
    }

    // What the reader of YAML advises is meant for jobs.
    private static Problem Advised(Problem problem) =>
        problem.Hint.Contains("job", StringComparison.OrdinalIgnoreCase) && !problem.Hint.Contains("the key decides", StringComparison.Ordinal)
            ? new Problem(problem.Source, problem.Path, problem.Line, problem.Column, problem.Message, "A judge's file is one group of a dozen keys: see docs/judges.md.")
            : problem;
}
