using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;

namespace AlignGuard.Server.Triggers;

/// <summary>From a manifest to a job: names become references into the manifest's own container, each to the version that is there now, and nothing else can be named.</summary>
internal sealed class ManifestReader(JobPolicy policy)
{
    /// <param name="suffix">Added to the job's name: another manifest is another run.</param>
    /// <exception cref="UserFaultException">Every problem of the manifest, or of the job, or of what it names.</exception>
    /// <exception cref="StoreException">The container cannot be read; nothing is said about the manifest.</exception>
    public async Task<Job> ReadAsync(WatchedSource source, string blob, byte[] content, string suffix, CancellationToken cancellation)
    {
        var place = source.Reference(blob);
        var manifest = ReadyManifest.Parse(content, place);
        var folder = blob[..^ReadyManifest.FileName.Length];
        var (text, jobPlace) = manifest.JobName is { } name ? await ReadJobAsync(source, folder, name, place, cancellation) : (manifest.JobText!, place);
        var job = JobText.Parse(text, jobPlace, policy.Folder);
        var node = JobText.Node(job);
        var problems = policy.ModelProblems(jobPlace, job.Spec.Model).ToList();
        var versions = new Dictionary<string, string>();
        foreach (var key in JobText.DataKeys)
        {
            if (JobText.Get(node, key) is not { } value || JobPolicy.IsBuiltin(value)) continue;
            var resolved = Resolve(source, folder, value, out var problem);
            if (resolved is null) problems.Add($"{jobPlace}: {key}: {problem}");
            // The run learns from the data as they are when it is accepted, however long it waits then.
            else if (await source.Store.ReadRangeAsync(resolved, 0, 1, null, cancellation) is not { } start)
                problems.Add($"{jobPlace}: {key}: there is no {value} beside the manifest. Write the data first and the manifest last; write the manifest again to have it read again.");
            else
            {
                JobText.Set(node, key, source.Reference(resolved));
                if (source.Container is not null) versions[source.Reference(resolved)] = start.Version;
            }
        }
        if (problems.Count > 0) throw new UserFaultException(problems);
        policy.NameModel(node);
        JobText.AddToName(node, suffix);
        return JobText.Parse(node.ToJsonString(), jobPlace, policy.Folder) with { Sources = versions };
    }

    private static async Task<(string Text, string Place)> ReadJobAsync(WatchedSource source, string folder, string name, string place, CancellationToken cancellation)
    {
        var resolved = Resolve(source, folder, name, out var problem) ?? throw new UserFaultException($"{place}: job: {problem}");
        if (source.Length(resolved) > ReadyManifest.MaxBytes) throw ReadyManifest.TooLarge(source.Reference(resolved));
        var file = await source.Store.ReadAsync(resolved, cancellation)
            ?? throw new UserFaultException($"{place}: job: there is no {name} beside the manifest. Write the job file first and the manifest last; write the manifest again to have it read again.");
        return (JobText.Decode(file.Content, source.Reference(resolved)), source.Reference(resolved));
    }

    /// <summary>The whole name of what is named relative to the manifest's folder; null with the problem where that leads anywhere else.</summary>
    private static string? Resolve(WatchedSource source, string folder, string value, out string problem)
    {
        var relative = value.StartsWith("./", StringComparison.Ordinal) ? value[2..] : value;
        problem = "this points outside its container: only names below the manifest's folder can be given.";
        if (relative.Contains("://", StringComparison.Ordinal) || relative.Contains('\\') || relative.Contains(':') || relative.StartsWith('/') || relative.Split('/').Contains("..")) return null;
        try
        {
            var name = BlobName.Check(folder + relative);
            if (source.LinkProblem(name) is not { } link) return name;
            problem = link;
        }
        catch (UserFaultException e)
        {
            problem = e.Problems[0];
        }
        return null;
    }
}
