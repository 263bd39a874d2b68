using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Training;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Sees a run as it goes: progress for people. Nothing depends on it.</summary>
public interface IRunObserver
{
    void Begins(Command command);

    /// <summary>A training step was done; <paramref name="steps"/> in all.</summary>
    void Stepped(StepReport report, int steps);

    /// <summary>So many of so many items of a measurement are done.</summary>
    void Measured(string what, int done, int total);

    void Ends(Command command, CommandResult? result, string note);

    void Says(string message);
}

/// <summary>Sees nothing.</summary>
public sealed class SilentObserver : IRunObserver
{
    public void Begins(Command command) { }
    public void Stepped(StepReport report, int steps) { }
    public void Measured(string what, int done, int total) { }
    public void Ends(Command command, CommandResult? result, string note) { }
    public void Says(string message) { }
}
