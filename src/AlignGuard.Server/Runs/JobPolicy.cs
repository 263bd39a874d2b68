using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary>
/// What a job from outside may refer to: built-in sets, blobs by <c>store://</c>, and base models by name under the server's folder. Never a path of this
/// machine, never another address: a job cannot make the server read or fetch what is not meant for it.
/// </summary>
/// <param name="modelsFolder">Where base models lie on this machine; null = nowhere.</param>
/// <param name="modelsStore"><c>store://ACCOUNT/CONTAINER[/PREFIX]</c> below which a model's name stands for its folder of blobs; null = names stand for folders of this machine alone.</param>
public sealed class JobPolicy(string? modelsFolder, string? modelsStore = null)
{
    /// <summary>Where a job's relative paths begin: only the model's name is one.</summary>
    public string Folder { get; } = Path.GetFullPath(modelsFolder ?? ".");

    /// <summary>Reads a job from outside and checks what it refers to.</summary>
    /// <exception cref="UserFaultException">Every problem of the job, or else every reference that is not allowed.</exception>
    public Job Read(string text, string source)
    {
        var job = JobText.Parse(text, source, Folder);
        var node = JobText.Node(job);
        var problems = ModelProblems(source, job.Spec.Model).ToList();
        foreach (var key in JobText.DataKeys)
            if (JobText.Get(node, key) is { } value && DataProblem(value) is { } problem) problems.Add($"{source}: {key}: {problem}");
        problems.AddRange(OtherPaths(source, job));
        if (problems.Count > 0) throw new UserFaultException(problems);
        return NameModel(node) ? JobText.Parse(node.ToJsonString(), source, Folder) : job;
    }

    /// <summary>Sentences on a model that is neither a name under the folder nor a reference.</summary>
    internal IEnumerable<string> ModelProblems(string source, string model)
    {
        if (model.Contains("://", StringComparison.Ordinal))
        {
            if (StoreReference.Parse(model, out var reason) is null) yield return $"{source}: model: {reason}; other addresses are not opened.";
        }
        else if (!RunId.IsValid(model))
            yield return $"{source}: model: give the name of a model in the server's folder, or store://ACCOUNT/CONTAINER/PATH. Paths are not opened.";
        else if (modelsStore is not null) yield break;
        else if (modelsFolder is null)
            yield return $"{source}: model: this server has no folder of models, so '{model}' cannot be found. Give store://ACCOUNT/CONTAINER/PATH.";
        else if (!Directory.Exists(Path.Combine(Folder, model)))
            yield return $"{source}: model: the server's folder holds no model '{model}'. It holds: {string.Join(", ", Names())}.";
    }

    /// <summary>Puts the whole reference in place of a model's name, where names stand for blobs. What is there is found out when the run begins.</summary>
    /// <returns>True where it did.</returns>
    internal bool NameModel(System.Text.Json.Nodes.JsonObject job)
    {
        if (modelsStore is null || JobText.Get(job, "model") is not { } model || model.Contains("://", StringComparison.Ordinal)) return false;
        JobText.Set(job, "model", $"{modelsStore.TrimEnd('/')}/{model}");
        return true;
    }

    /// <summary>Null where rows or prompts may come from there.</summary>
    internal static string? DataProblem(string value)
    {
        if (IsBuiltin(value)) return null;
        if (!value.StartsWith(StoreAddress.Scheme, StringComparison.Ordinal)) return "only builtin sets and store://ACCOUNT/CONTAINER/PATH can be named here; paths and other addresses are not opened.";
        return StoreReference.Parse(value, out var reason) is null ? $"{reason}." : null;
    }

    internal static bool IsBuiltin(string value) => value == "builtin" || value.StartsWith("builtin:", StringComparison.Ordinal);

    /// <summary>A key of a later version of the job that holds a path is refused, not passed over.</summary>
    private static IEnumerable<string> OtherPaths(string source, Job job)
    {
        var node = JobText.Node(job);
        var known = JobText.DataKeys.Append("model").Select(key => JobText.Get(node, key)).ToHashSet();
        var found = new List<string>();
        JobFile.MapPaths(job.Spec, path =>
        {
            if (!known.Contains(path)) found.Add($"{source}: a path is named in a key that this server does not check. Remove it.");
            return path;
        });
        return found.Distinct();
    }

    private IEnumerable<string> Names()
    {
        var names = Directory.Exists(Folder) ? Directory.EnumerateDirectories(Folder).Select(d => Path.GetFileName(d)!).Where(RunId.IsValid).Order(StringComparer.Ordinal).Take(20).ToList() : [];
        return names.Count == 0 ? ["none"] : names;
    }
}
