/// Single courses of a sweep, command by command.
module AlignGuard.Domain.Tests.Sweeps.SweepCourseTests

open Xunit
open AlignGuard.Domain.Sweeps
open AlignGuard.Domain.Tests.Sweeps.SweepDriver

/// Plays events; gives the last state and the ids issued after each event.
let private play (events: SweepEvent list) =
    let step (s, found) e =
        let struct (next, commands) = SweepDecider.Decide(s, e)
        next, found @ [ commands |> Array.map _.Id |> List.ofArray ]

    events |> List.fold step (SweepDecider.Initial, [])

let private ended cell outcome = SweepEvent.CellEnded(cell, 1, result outcome)

[<Fact>]
let ``cells of a prepared key go first, the next key is prepared in a free place`` () =
    let _, issued =
        play
            [ SweepEvent.Started(planOf 2 [ "a"; "b"; "a"; "b" ])
              SweepEvent.Prepared("b", 1)
              SweepEvent.Prepared("a", 1)
              ended 1 CellOutcome.Accepted
              ended 0 CellOutcome.Rejected
              ended 3 CellOutcome.Accepted
              ended 2 CellOutcome.Accepted ]

    Assert.Equal<string list>(
        [ [ "prepare/a"; "prepare/b" ]; [ "cell/1" ]; [ "cell/0" ]; [ "cell/2" ]; [ "cell/3" ]; []; [] ], issued)

[<Fact>]
let ``with one place a key is prepared and used up before the next`` () =
    let _, issued =
        play
            [ SweepEvent.Started(planOf 1 [ "a"; "b"; "a" ])
              SweepEvent.Prepared("a", 1)
              ended 0 CellOutcome.Accepted
              ended 2 (CellOutcome.Failed "no")
              SweepEvent.Prepared("b", 1)
              ended 1 CellOutcome.Accepted ]

    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0" ]; [ "cell/2" ]; [ "prepare/b" ]; [ "cell/1" ]; [] ], issued)

[<Fact>]
let ``the lowest index goes first, in whatever order the plan lists the cells`` () =
    let plan = planOf 1 [ "a"; "b"; "a" ]
    let _, issued = play [ SweepEvent.Started { plan with Cells = Array.rev plan.Cells }; SweepEvent.Prepared("a", 1); ended 0 CellOutcome.Accepted ]
    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0" ]; [ "cell/2" ] ], issued)

[<Fact>]
let ``a hopeless run is stopped once and has its reason`` () =
    let state, issued =
        play
            [ SweepEvent.Started(planOf 1 [ "a"; "a" ])
              SweepEvent.Prepared("a", 1)
              SweepEvent.Progressed(0, 1, progress 2 0)
              SweepEvent.Progressed(0, 1, progress 3 10)
              SweepEvent.Progressed(0, 1, progress 4 0)
              SweepEvent.Stopped(0, 1)
              ended 0 CellOutcome.Cancelled ]

    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0" ]; []; [ "stop/0" ]; []; []; [ "cell/1" ] ], issued)

    match state.Cells[0].Result with
    | Some { Outcome = CellOutcome.Hopeless reason } ->
        Assert.Equal(
            "At step 3 of 10 the model refuses 10 of 50 unsafe prompts (35.8% at most, with 99% confidence) where the base model refuses 50: a loss of more than 20%.",
            reason)
    | other -> failwith $"%A{other}"

[<Fact>]
let ``a check at the step already reported still counts`` () =
    let _, issued =
        play
            [ SweepEvent.Started(planOf 1 [ "a" ])
              SweepEvent.Prepared("a", 1)
              SweepEvent.Progressed(0, 1, { progress 5 0 with Asked = 0; BaseRefused = 0 })
              SweepEvent.Progressed(0, 1, progress 5 0)
              SweepEvent.Progressed(0, 1, progress 5 0) ]

    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0" ]; []; [ "stop/0" ]; [] ], issued)

[<Fact>]
let ``a run that finished in spite of the stop keeps its result`` () =
    let state, _ =
        play
            [ SweepEvent.Started(planOf 1 [ "a" ])
              SweepEvent.Prepared("a", 1)
              SweepEvent.Progressed(0, 1, progress 9 0)
              ended 0 CellOutcome.Rejected ]

    Assert.Equal(CellOutcome.Rejected, state.Results[0].Outcome)
    Assert.True(SweepDecider.IsTerminal state)

[<Fact>]
let ``cancelling ends waiting cells at once and the sweep with the last run`` () =
    let events =
        [ SweepEvent.Started(planOf 2 [ "a"; "a"; "a" ]); SweepEvent.Prepared("a", 1); SweepEvent.CancelRequested; SweepEvent.CancelRequested ]

    let state, issued = play events
    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0"; "cell/1" ]; [ "stop/0"; "stop/1" ]; [] ], issued)
    Assert.Equal(Some(CellResult.NotRun CellOutcome.Cancelled), state.Cells[2].Result)
    Assert.False(SweepDecider.IsTerminal state)

    let last, _ = play (events @ [ ended 1 CellOutcome.Cancelled; SweepEvent.Stopped(0, 1); ended 0 CellOutcome.Accepted ])
    Assert.True(SweepDecider.IsTerminal last)
    Assert.Equal<string>([ "accepted"; "cancelled"; "cancelled" ], last.Results |> Array.map (fun r -> string r.Outcome))

[<Fact>]
let ``a cancelled sweep waits for a preparation at work`` () =
    let events = [ SweepEvent.Started(planOf 2 [ "a" ]); SweepEvent.CancelRequested ]
    let state, _ = play events
    Assert.Equal<string>([ "prepare/a" ], SweepDecider.Outstanding state |> Array.map _.Id)
    Assert.False(SweepDecider.IsTerminal state)
    let last, _ = play (events @ [ SweepEvent.PrepareFailed("a", 1, fault "stopped") ])
    Assert.True(SweepDecider.IsTerminal last)
    Assert.Equal(CellOutcome.Cancelled, last.Results[0].Outcome)

[<Fact>]
let ``a sweep cancelled before its start never starts`` () =
    let state, issued = play [ SweepEvent.CancelRequested; SweepEvent.Started(planOf 1 [ "a" ]) ]
    Assert.Equal<string list>([ []; [] ], issued)
    Assert.True(SweepDecider.IsTerminal state)

[<Fact>]
let ``an answer to an earlier attempt is not taken for one to the present`` () =
    let failed = [ SweepEvent.Started(planOf 1 [ "a" ]); SweepEvent.Prepared("a", 1); ended 0 (CellOutcome.Failed "no") ]
    let state, issued = play (failed @ [ SweepEvent.Retried 2; ended 0 (CellOutcome.Failed "no"); SweepEvent.Retried 2 ])
    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0" ]; []; [ "cell/0" ]; []; [] ], issued)
    Assert.Equal(SweepDecider.Retry(SweepDecider.Fold failed), state)
    let command = Assert.Single(SweepDecider.Outstanding state)
    Assert.Equal(2, command.Attempt)

[<Fact>]
let ``a cell tried again is judged anew`` () =
    let state, issued =
        play
            [ SweepEvent.Started(planOf 1 [ "a" ])
              SweepEvent.Prepared("a", 1)
              SweepEvent.Progressed(0, 1, progress 9 0)
              ended 0 (CellOutcome.Failed "no")
              SweepEvent.Retried 2
              SweepEvent.Progressed(0, 2, progress 5 0)
              SweepEvent.CellEnded(0, 2, result CellOutcome.Cancelled) ]

    Assert.Equal<string list>([ [ "prepare/a" ]; [ "cell/0" ]; [ "stop/0" ]; []; [ "cell/0" ]; [ "stop/0" ]; [] ], issued)
    Assert.True state.Results[0].Outcome.IsHopeless

[<Fact>]
let ``a sweep given again while it runs leaves what runs alone`` () =
    let state, issued =
        play
            [ SweepEvent.Started(planOf 2 [ "a"; "b" ])
              SweepEvent.PrepareFailed("a", 1, fault "no")
              SweepEvent.Prepared("b", 1)
              SweepEvent.Retried 2
              SweepEvent.Progressed(1, 1, progress 5 0) ]

    Assert.Equal<string list>([ [ "prepare/a"; "prepare/b" ]; []; [ "cell/1" ]; [ "prepare/a" ]; [ "stop/1" ] ], issued)
    Assert.True(state.IsRunning 1)

[<Theory>]
[<InlineData("there are no cells")>]
[<InlineData("parallel is 0")>]
[<InlineData("the cell 0 is there 2 times")>]
[<InlineData("hopeless.after is 2")>]
[<InlineData("hopeless.refusalDrop is NaN")>]
let ``an impossible plan fails every cell and cannot be tried again`` (why: string) =
    let good = planOf 1 [ "a"; "a" ]

    let plan =
        match why with
        | "there are no cells" -> { good with Cells = [||] }
        | "parallel is 0" -> { good with Parallel = 0 }
        | "hopeless.after is 2" -> { good with Hopeless = Some { HopelessRule.Default with After = 2.0 } }
        | "hopeless.refusalDrop is NaN" -> { good with Hopeless = Some { HopelessRule.Default with RefusalDrop = nan } }
        | _ -> { good with Cells = [| good.Cells[0]; good.Cells[0] |] }

    let state, issued = play [ SweepEvent.Started plan; SweepEvent.Retried 2 ]
    Assert.Equal<string list>([ []; [] ], issued)
    Assert.True(SweepDecider.IsTerminal state)
    Assert.Equal(plan.Cells.Length, state.Results.Length)

    for r in state.Results do
        match r.Outcome with
        | CellOutcome.Failed message -> Assert.Contains(why, message)
        | other -> failwith $"{other}"
