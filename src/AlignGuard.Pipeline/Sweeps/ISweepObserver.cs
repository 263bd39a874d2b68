using AlignGuard.Domain.Sweeps;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>Sees a sweep as it goes: progress for people. Nothing depends on it.</summary>
public interface ISweepObserver
{
    /// <summary>Hears what the run of a cell says.</summary>
    Action<string> Of(Cell cell, int steps);

    /// <summary>Something happened; the state after it.</summary>
    void Happened(SweepEvent happened, SweepState state);

    void Says(string message);
}
