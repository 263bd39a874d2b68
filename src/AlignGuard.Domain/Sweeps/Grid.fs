namespace AlignGuard.Domain.Sweeps

/// The values that each key of a grid takes, in the order of the file.
type internal Grid = (string * string list) list

module internal Grid =

    /// Our own grid, around the job's defaults (guard.lambdaA 0.25, guard.lambdaT 0.001).
    let private ours: Grid =
        [ "guard.lambdaA", [ "0.025"; "0.25"; "2.5"; "25" ]; "guard.lambdaT", [ "0"; "0.001"; "0.01" ] ]

    /// The grid that a summary of Das et al. (arXiv 2508.02079) suggests, in units that it does not give.
    let private paper: Grid =
        [ "guard.lambdaA", [ "0.01"; "0.05"; "0.1"; "0.2" ]; "guard.lambdaT", [ "0.001"; "0.01"; "0.05" ] ]

    /// By the name after preset:, the default first.
    let presets: (string * Grid) list = [ "default", ours; "paper", paper ]

    let preset (name: string) : Grid = presets |> List.find (fun (known, _) -> known = name) |> snd

    /// Far above any sweep that is run, and far below what 64 bits hold.
    let private manyCells = 1_000_000L

    /// How many cells the grid has; manyCells stands for all larger numbers.
    let count (grid: Grid) : int64 =
        grid |> List.fold (fun n (_, values) -> min manyCells (n * int64 values.Length)) 1L

    /// Every combination; the first key varies slowest.
    let cells (grid: Grid) : Setting list list =
        let add (path: string, values: string list) (rest: Setting list list) =
            [ for value in values do
                  for cell in rest do
                      { Path = path; Value = value } :: cell ]

        List.foldBack add grid [ [] ]
