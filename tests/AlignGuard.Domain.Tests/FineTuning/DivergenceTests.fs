module AlignGuard.Domain.Tests.FineTuning.DivergenceTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open AlignGuard.Domain.FineTuning

let private after limit losses = losses |> List.fold (fun w loss -> LossWatch.Next(w, loss, limit)) LossWatch.Initial

[<Property>]
let ``a loss that never leaves what is usual never trips, and a limit of 0 watches nothing`` (noise: NonNegativeInt list) =
    let losses = [ for n in noise -> 1.0 + float (n.Get % 100) / 100.0 ]
    not (LossWatch.Tripped(after 2.0 losses)) && after 0.0 losses = LossWatch.Initial

[<Property>]
let ``ten steps in a row above the limit trip it, one below in between does not`` (NonNegativeInt extra) =
    let usual = [ for _ in 1 .. 20 + extra % 90 -> 1.0 ]
    let high n = [ for _ in 1..n -> 3.5 ]
    LossWatch.Tripped(after 3.0 (usual @ high 10))
    && not (LossWatch.Tripped(after 3.0 (usual @ high 9)))
    && not (LossWatch.Tripped(after 3.0 (usual @ high 9 @ [ 1.0 ] @ high 9)))

[<Fact>]
let ``before there is a usual value nothing is above it, and what is no number is`` () =
    Assert.False(LossWatch.Tripped(after 2.0 [ for n in 1..19 -> float n * 100.0 ]))
    Assert.True(LossWatch.Tripped(after 2.0 ([ for _ in 1..20 -> 1.0 ] @ [ for _ in 1..10 -> nan ])))

[<Fact>]
let ``the watch remembers a hundred losses`` () = Assert.Equal(100, (after 5.0 [ for n in 1..500 -> 1.0 + 0.001 * float (n % 7) ]).Recent.Length)

[<Theory>]
[<InlineData(100, 10, false, "healthy")>]
[<InlineData(100, 11, false, "back")>]
[<InlineData(10, 3, false, "healthy")>]
[<InlineData(4, 4, false, "back")>]
[<InlineData(3, 3, false, "back")>]
[<InlineData(3, 3, true, "healthy")>]
[<InlineData(0, 0, true, "healthy")>]
let ``more than a tenth of the steps not finite, and more than a few, or all of them`` (steps: int, skipped: int, stopped: bool, expected: string) =
    match Divergence.Judge(steps, skipped, 0.1, stopped, LossWatch.Initial, false), expected with
    | SegmentHealth.Healthy, "healthy" | SegmentHealth.RollBack _, "back" -> ()
    | found, _ -> failwith $"{found}"

[<Property>]
let ``a larger share allowed never makes a healthy segment ill, and with all allowed none is`` (NonNegativeInt steps) (NonNegativeInt skipped) (NonNegativeInt share) =
    let steps = steps % 200
    let skipped = skipped % (steps + 1)
    let share = float (share % 101) / 100.0
    let healthy share = Divergence.Judge(steps, skipped, share, false, LossWatch.Initial, false) = SegmentHealth.Healthy
    (not (healthy share) || healthy (min 1.0 (share + 0.1))) && healthy 1.0

[<Property>]
let ``a run is rolled back once: what was a rollback is a failure the second time, and nothing else changes`` (NonNegativeInt steps) (NonNegativeInt skipped) stopped =
    let steps = steps % 200
    let skipped = skipped % (steps + 1)
    match Divergence.Judge(steps, skipped, 0.1, stopped, LossWatch.Initial, false), Divergence.Judge(steps, skipped, 0.1, stopped, LossWatch.Initial, true) with
    | SegmentHealth.Healthy, SegmentHealth.Healthy -> true
    | SegmentHealth.RollBack a, SegmentHealth.Fail b -> a = b
    | _ -> false
