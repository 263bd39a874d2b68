namespace AlignGuard.Pipeline.Activities;

/// <summary>Where the result of each command lies.</summary>
public static class Folders
{
    public static string Fisher(RunContext run, int refresh) => $"{run.Folder}/fisher/{refresh}";
    public static string Basis(RunContext run, int refresh) => $"{run.Folder}/basis/{refresh}";
    public static string Segment(RunContext run, int index) => $"{run.Folder}/segments/{index}";
    public static string Drift(RunContext run, int segment) => $"{run.Folder}/drift/{segment}";
    public static string FinalDrift(RunContext run) => $"{run.Folder}/drift/final";
    public static string Gate(RunContext run) => $"{run.Folder}/gate";
    public static string Publish(RunContext run) => $"{run.Folder}/publish";

    /// <summary>By content: every run on the same model, prompts and task rows shares one measurement of the base.</summary>
    public static string Baseline(RunContext run) => $"baselines/{run.Inputs.BaselineKey(run)}";
}
