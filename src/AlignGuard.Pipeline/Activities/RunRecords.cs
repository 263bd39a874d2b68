using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What an activity made: the files of its attempt by name, and the small result that decisions need.</summary>
public sealed record Made(IReadOnlyDictionary<string, byte[]> Files, object Result);

/// <summary>Where the result of each command of a run lies, what it is made from, and that it is made once.</summary>
/// <param name="baseline">Folder of the base model's measurement, shared between runs by content.</param>
/// <param name="firstFisher">Folder of the Fisher at W0, shared likewise.</param>
/// <param name="reference">Folder of the final check that the gate compares with; null = the base model.</param>
public sealed class RunRecords(string runId, string specHash, string baseline, string firstFisher, string? reference, CommitProtocol protocol)
{
    public string RunId => runId;
    public string SpecHash => specHash;
    public CommitProtocol Protocol => protocol;
    public IArtifactStore Store => protocol.Store;

    public string Folder => FolderOf(runId);

    public static string FolderOf(string runId) => $"runs/{runId}";

    public string Baseline => baseline;
    public string Fisher(int refresh) => refresh == 0 ? firstFisher : $"{Folder}/fisher/{refresh}";
    public string Basis(int refresh) => $"{Folder}/basis/{refresh}";
    public string Segment(int index) => $"{Folder}/segments/{index}";
    public string Drift(int segment) => $"{Folder}/drift/{segment}";
    public string FinalDrift => $"{Folder}/drift/final";
    public string Gate => $"{Folder}/gate";
    public string Publish => $"{Folder}/publish";

    /// <summary>Null for what leaves no record: waits and a person's decision.</summary>
    public string? FolderOf(Work work) => work switch
    {
        Work.Fisher f => Fisher(f.Refresh),
        Work.Decompose d => Basis(d.Refresh),
        Work.Segment s => Segment(s.Index),
        Work.DriftCheck d => d.Size.IsFinal ? FinalDrift : Drift(d.Segment),
        Work.Publish => Publish,
        { IsBaseline: true } => Baseline,
        { IsGate: true } => Gate,
        _ => null,
    };

    /// <summary>The committed results that a command's result is made from, by their role.</summary>
    /// <exception cref="DamagedArtifactException">One of them is not there.</exception>
    public async Task<IReadOnlyDictionary<string, CommitReference>> ParentsAsync(Work work)
    {
        var parents = new Dictionary<string, CommitReference>();
        foreach (var (role, folder) in ParentFolders(work)) parents.Add(role, await RequireAsync(folder));
        if (AtStep(work) is { } step && parents.TryGetValue("segment", out var segment) && Reached(segment) != step)
            throw new DamagedArtifactException($"{segment.Folder} ends at step {Reached(segment)}, the log says {step}: it was made again since.");
        return parents;
    }

    /// <summary>The step of the adapter that a command starts from; null where it starts from none.</summary>
    private static int? AtStep(Work work) => work switch
    {
        Work.Fisher f => f.AtStep,
        Work.Segment s => s.FromStep,
        Work.DriftCheck d => d.Step,
        _ => null,
    };

    /// <summary>The last step of a segment, from its record.</summary>
    private static int Reached(CommitReference segment) => segment.Commit.Result.GetProperty("reachedStep").GetInt32();

    private IEnumerable<(string Role, string Folder)> ParentFolders(Work work)
    {
        switch (work)
        {
            case Work.Fisher f:
                if (f.Refresh > 0) yield return ("first", Fisher(0));
                if (f.Segment is { } measured) yield return ("segment", Segment(measured));
                break;
            case Work.Decompose d:
                yield return ("fisher", Fisher(d.Refresh));
                break;
            case Work.Segment s:
                if (s.Parent is { } previous) yield return ("segment", Segment(previous));
                if (s.Refresh is { } refresh) yield return ("basis", Basis(refresh));
                break;
            case Work.DriftCheck d:
                yield return ("baseline", Baseline);
                yield return ("segment", Segment(d.Segment));
                break;
            case { IsGate: true }:
                yield return ("baseline", Baseline);
                yield return ("drift", FinalDrift);
                if (reference is not null) yield return ("reference", reference);
                break;
            case Work.Publish p:
                yield return ("gate", Gate);
                yield return ("segment", Segment(p.Segment));
                break;
        }
    }

    /// <summary>The result of a command: the committed one where it was made before from the same parents, otherwise made now and committed.</summary>
    public async Task<CommitReference> OnceAsync(Command command, Func<IReadOnlyDictionary<string, CommitReference>, Task<Made>> make)
    {
        var folder = FolderOf(command.Work) ?? throw new NotSupportedException($"{command.Id} is the driver's to do, not an activity.");
        var parents = await ParentsAsync(command.Work);
        if (await protocol.FindIntactAsync(folder, parents) is { } done) return done;
        var made = await make(parents);
        return await protocol.CommitAsync(folder, command.Id, specHash, parents, made.Files, made.Result);
    }

    /// <summary>A record by its folder and hash, as events name it.</summary>
    public static string Reference(CommitReference record) => $"{record.Folder}@{record.Hash}";

    /// <summary>The committed result of an earlier command.</summary>
    /// <exception cref="DamagedArtifactException">It is not there.</exception>
    public async Task<CommitReference> RequireAsync(string folder, CancellationToken cancellation = default) =>
        await protocol.FindAsync(folder, cancellation) ?? throw new DamagedArtifactException($"{folder}/{CommitProtocol.RecordName} is missing from {Store.Location}.");
}
