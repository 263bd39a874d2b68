using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What the activities of one run share. References only: everything else is in the store.</summary>
public sealed record RunContext : IDisposable
{
    /// <summary>The job with its paths as written, so that its hash does not depend on where the job file lies.</summary>
    public required JobSpec Spec { get; init; }
    /// <summary>Spec.Model, resolved.</summary>
    public required string ModelFolder { get; init; }
    public required RunRecords Records { get; init; }
    public required ModelHost Models { get; init; }
    public required RunInputs Inputs { get; init; }
    public required IRunObserver Observer { get; init; }
    public required StopSignal Stop { get; init; }

    /// <summary>CPU threads of its arithmetic: they belong to the run, since other counts give other bits.</summary>
    public required int Threads { get; init; }

    /// <summary>What reads the answers.</summary>
    public JudgePanel Judges { get; init; } = JudgePanel.Default;

    /// <summary>What the gate has to find read; of the judges, or where the run was opened elsewhere, of the judges there.</summary>
    public required PanelRoles Roles { get; init; }

    public string RunId => Records.RunId;
    public string Folder => Records.Folder;
    public string SpecHash => Records.SpecHash;
    public CommitProtocol Protocol => Records.Protocol;
    public IArtifactStore Store => Records.Store;
    /// <summary>Of the frozen weights.</summary>
    public TorchSharp.torch.ScalarType Dtype { get; init; } = TorchSharp.torch.ScalarType.Float32;

    public ChatModel Model => Models.Open(ModelFolder, Dtype);
    public string ModelHash => Models.Hash(ModelFolder);

    /// <summary>Of what it opened: the judges.</summary>
    public void Dispose() => Judges.Dispose();

    /// <summary>The same under another wish to stop.</summary>
    public RunContext Under(StopSignal stop) => this with { Stop = stop };
}
