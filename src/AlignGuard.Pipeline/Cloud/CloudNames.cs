using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>Names that travel between hosts: a name that changes is a new version, since orchestrations that are under way still say the old one.</summary>
public static class CloudNames
{
    /// <summary>
    /// Of the orchestrations. It goes up with every change of the order in which they call, wait or send; the histories under <c>tests</c> notice one that was forgotten.
    /// Workers take up their own version only. A run of an older one is ended and started again: everything that it knows is in the store.
    /// </summary>
    public const string Version = "1";

    public const string FineTuning = "FineTuning", Sweep = "Sweep";

    /// <summary>Events from outside. They carry nothing: what is meant lies in the store, and an event only says that it is worth a look.</summary>
    public const string CancelEvent = "cancel", ApprovalEvent = "approval", ResumeEvent = "resume";

    /// <summary>From the run of a cell to its sweep: a line of the sweep's events.</summary>
    public const string ProgressEvent = "progress";

    /// <summary>What the orchestrator's own container does: small reads and writes of the store.</summary>
    public const string OpenRun = "OpenRun", RecordEvent = "RecordEvent", LookAtRun = "LookAtRun", Gate = "Gate",
        OpenSweep = "OpenSweep", CloseSweep = "CloseSweep", StopCell = "StopCell", CellProgress = "CellProgress", CellResult = "CellResult";

    /// <summary>What takes a model, and so a GPU worker. Publish is among them: an adapter is laid on its model to be written.</summary>
    public const string Baseline = "Baseline", Fisher = "Fisher", Decompose = "Decompose", Segment = "Segment", DriftCheck = "DriftCheck", Publish = "Publish", Prepare = "Prepare", Report = "Report";

    /// <summary>The activity that does a command's work.</summary>
    public static string ActivityOf(Work work) => work switch
    {
        Work.Fisher => Fisher,
        Work.Decompose => Decompose,
        Work.Segment => Segment,
        Work.DriftCheck => DriftCheck,
        Work.Publish => Publish,
        { IsBaseline: true } => Baseline,
        { IsGate: true } => Gate,
        _ => throw new NotSupportedException($"{work} is waited for, not done."),
    };
}
