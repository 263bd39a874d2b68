using AlignGuard.Evaluation.Judging.Classifier;
using AlignGuard.Evaluation.Judging.Onnx;
using AlignGuard.Evaluation.Judging.Rules;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging;

/// <summary>Opens judges by what a job or a command line calls them.</summary>
public static class Judges
{
    /// <summary>Judges that need no file.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = ["rules", "classifier"];

    /// <summary>Several as a panel.</summary>
    /// <exception cref="UserFaultException">Everything wrong with any of them.</exception>
    /// <param name="run">Whose costs are counted together, over all processes; null = the panel's alone.</param>
    public static JudgePanel Panel(IReadOnlyList<string> references, string? run = null)
    {
        var (judges, problems) = (new List<IJudge>(), new List<string>());
        foreach (var reference in references)
        {
            try
            {
                judges.Add(Open(reference, run));
            }
            catch (UserFaultException e)
            {
                problems.AddRange(e.Problems);
            }
        }
        if (problems.Count == 0) return new JudgePanel(judges);
        foreach (var judge in judges) judge.Dispose();
        throw new UserFaultException(problems);
    }

    /// <param name="reference">The name of a built-in judge; a folder with model.onnx, or an .onnx file; or the YAML file of a judge (docs/judges.md).</param>
    /// <exception cref="UserFaultException">There is no such judge, or it can not be opened.</exception>
    public static IJudge Open(string reference, string? run = null) => reference switch
    {
        "rules" => new RuleJudge(),
        "classifier" => new ClassifierJudge(),
        _ when Directory.Exists(reference) => new OnnxSettings(reference).Open(),
        _ when File.Exists(reference) => Path.GetExtension(reference).ToLowerInvariant() switch
        {
            ".onnx" => new OnnxSettings(reference).Open(),
            ".yaml" or ".yml" => JudgeFile.Read(reference).Open(run),
            _ => throw new UserFaultException($"{reference} is no file of a judge: give an .onnx file, or a .yaml file as docs/judges.md describes."),
        },
        _ => throw new UserFaultException([$"There is no judge '{reference}': it is neither one of {string.Join(", ", BuiltIn)} nor a file or folder."]),
    };
}
