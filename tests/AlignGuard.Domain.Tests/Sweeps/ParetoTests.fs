module AlignGuard.Domain.Tests.Sweeps.ParetoTests

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Sweeps

let private value =
    Gen.frequency [ 8, Gen.map (fun n -> Nullable(float n / 6.0)) (Gen.choose (0, 6)); 1, Gen.constant (Nullable()); 1, Gen.constant (Nullable nan) ]

type Arbitraries =
    static member Points() =
        Arb.fromGen (Gen.arrayOf (Gen.map2 (fun a b -> struct (a, b)) value value))

let private isWhole (struct (a: Nullable<float>, b: Nullable<float>)) =
    a.HasValue && b.HasValue && not (Double.IsNaN a.Value) && not (Double.IsNaN b.Value)

let private dominates (struct (a: Nullable<float>, b: Nullable<float>)) (struct (c: Nullable<float>, d: Nullable<float>)) =
    a.Value >= c.Value && b.Value >= d.Value && (a.Value > c.Value || b.Value > d.Value)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``no point of the front is dominated and every other is dominated or missing`` (points: struct (Nullable<float> * Nullable<float>)[]) =
    let front = Pareto.Front points
    let whole = Array.filter isWhole points
    let beaten point = whole |> Array.exists (fun other -> dominates other point)
    Array.forall2 (fun point onFront -> onFront = (isWhole point && not (beaten point))) points front

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``every other point is dominated by one of the front`` (points: struct (Nullable<float> * Nullable<float>)[]) =
    let front = Pareto.Front points
    let best = Array.zip points front |> Array.filter snd |> Array.map fst

    Array.zip points front
    |> Array.forall (fun (point, onFront) -> onFront || not (isWhole point) || best |> Array.exists (fun b -> dominates b point))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``the order of the points does not matter`` (points: struct (Nullable<float> * Nullable<float>)[]) =
    Pareto.Front(Array.rev points) = Array.rev (Pareto.Front points)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``some point is on the front when one is whole`` (points: struct (Nullable<float> * Nullable<float>)[]) =
    Array.exists isWhole points = Array.contains true (Pareto.Front points)

[<Fact>]
let ``equal points are on the front together, ties in one respect are not`` () =
    let point a b = struct (Nullable a, Nullable b)
    let front = Pareto.Front [| point 0.9 0.5; point 0.9 0.5; point 0.9 0.4; point 0.8 0.6; struct (Nullable 1.0, Nullable()); point nan 1.0 |]
    Assert.Equal<bool>([| true; true; false; true; false; false |], front)
