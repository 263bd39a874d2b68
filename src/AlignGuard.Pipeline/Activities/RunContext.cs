using AlignGuard.Domain.Spec;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What the activities of one run share. References only: everything else is in the store.</summary>
/// <param name="spec">The job with its paths as written, so that its hash does not depend on where the job file lies.</param>
/// <param name="modelFolder">spec.Model, resolved.</param>
/// <param name="cancel">Linked into <paramref name="stop"/>.</param>
public sealed class RunContext(string runId, JobSpec spec, string modelFolder, CommitProtocol protocol, ModelHost models, RunInputs inputs, IRunObserver observer, StopSignal stop, CancellationTokenSource cancel)
{
    public string RunId => runId;
    public string Folder => $"runs/{runId}";
    public JobSpec Spec => spec;
    public string SpecHash { get; } = JobFile.Hash(spec);
    public CommitProtocol Protocol => protocol;
    public IArtifactStore Store => protocol.Store;
    public RunInputs Inputs => inputs;
    public IRunObserver Observer => observer;
    /// <summary>Both wishes: to stop for now and to end for good.</summary>
    public StopSignal Stop => stop;
    /// <summary>The wish to end the run for good.</summary>
    public CancellationTokenSource Cancel => cancel;

    public ChatModel Model => models.Open(modelFolder);
    public string ModelHash => models.Hash(modelFolder);

    /// <summary>The committed result of an earlier command.</summary>
    /// <exception cref="DamagedArtifactException">It is not there.</exception>
    public async Task<CommitReference> RequireAsync(string folder, CancellationToken cancellation = default) =>
        await protocol.FindAsync(folder, cancellation) ?? throw new DamagedArtifactException($"{folder}/{CommitProtocol.RecordName} is missing from {protocol.Store.Location}.");
}
