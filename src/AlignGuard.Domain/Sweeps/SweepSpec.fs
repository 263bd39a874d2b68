namespace AlignGuard.Domain.Sweeps

open AlignGuard.Domain.Spec

/// <summary>One child run of a sweep: the job with some keys replaced.</summary>
type Cell =
    {
        /// From 0, in the order of the sweep.
        Index: int
        /// The overrides in one line: "guard.lambdaA=0.25 guard.lambdaT=0"; "unchanged" for a cell that overrides nothing.
        Label: string
        /// "key.path=value" each, as <c>JobFile.Parse</c> takes them. Equal values are spelt alike.
        Overrides: string[]
    }

/// <summary>A whole, valid sweep. Made by <c>SweepFile.Parse</c>; every default is filled in.</summary>
type SweepSpec =
    {
        /// Of the shape of a job's name.
        Name: string
        /// The job file as written; a relative path is relative to the sweep file's folder.
        Job: string
        /// 1 to 1000 cells, no two alike.
        Cells: Cell[]
        /// Child runs at once, 1 to 64; default 1. Changes no result.
        Parallel: int
        /// When to give a child run up; None (null in C#) = never.
        Hopeless: HopelessRule option
    }

/// <summary>What came of reading a sweep.</summary>
type ParsedSweep =
    {
        /// The sweep; None (null in C#) when there are problems.
        Spec: SweepSpec option
        /// Everything that is wrong, in the order of the text; empty when there is a sweep.
        Problems: Problem[]
    }

    /// True when there is a sweep.
    member p.IsValid = p.Spec.IsSome
