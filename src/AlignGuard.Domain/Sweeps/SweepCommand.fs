namespace AlignGuard.Domain.Sweeps

/// <summary>What a driver is asked to do. Cells are named by their index.</summary>
[<RequireQualifiedAccess>]
type SweepWork =
    /// Compute what the cells of a key share, baseline and first Fisher, with the job of this cell. Answered by Prepared or PrepareFailed.
    | Prepare of Key: string * Cell: int
    /// Run the cell's job to its end, reporting its progress. Answered by CellEnded.
    | RunCell of Cell: int
    /// Ask the cell's run to stop. Answered by Stopped once it is told; the run itself still ends by CellEnded.
    | StopCell of Cell: int * Reason: string

/// <summary>A piece of work under the name by which it is answered.</summary>
type SweepCommand =
    {
        /// Stable over replays: "prepare/KEY", "cell/3", "stop/3".
        Id: string
        /// From 1: the attempt of the sweep in which the command was issued. An answer repeats it, so that an answer to an
        /// earlier attempt is not taken for one to the present.
        Attempt: int
        Work: SweepWork
    }

module internal SweepCommand =

    let private idOf work =
        match work with
        | SweepWork.Prepare(key, _) -> "prepare/" + key
        | SweepWork.RunCell cell -> $"cell/{cell}"
        | SweepWork.StopCell(cell, _) -> $"stop/{cell}"

    let create work attempt : SweepCommand = { Id = idOf work; Attempt = attempt; Work = work }

    /// Stopping takes no place: it frees one.
    let isBounded (command: SweepCommand) = not command.Work.IsStopCell
