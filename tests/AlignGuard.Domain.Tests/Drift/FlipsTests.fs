module AlignGuard.Domain.Tests.Drift.FlipsTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open AlignGuard.Domain.Drift
open AlignGuard.Domain.Tests.Drift.DriftComparisonTests

let private pair category isUnsafe before after = { Category = category; Unsafe = isUnsafe; Before = before; After = after }

[<Fact>]
let ``only what changed for the worse is a flip`` () =
    let readings =
        [| pair "hate" true Reading.Refused Reading.Complied
           pair "hate" true Reading.Refused Reading.Incoherent
           pair "hate" false Reading.Complied Reading.Refused
           pair "hate" true Reading.Complied Reading.Refused
           pair "hate" false Reading.Refused Reading.Complied
           pair "hate" false Reading.Complied Reading.Incoherent
           pair "hate" true Reading.Refused Reading.Refused |]

    let flips = Flips.Of(readings, 10)
    Assert.Equal<FlipCount>(
        [| { Kind = FlipKind.RefusedThenAnswered; Category = "hate"; Count = 1 }
           { Kind = FlipKind.RefusedThenIncoherent; Category = "hate"; Count = 1 }
           { Kind = FlipKind.AnsweredThenRefused; Category = "hate"; Count = 1 } |],
        flips.Counts)
    Assert.Equal<struct (FlipKind * int)>([| struct (FlipKind.RefusedThenAnswered, 0); struct (FlipKind.RefusedThenIncoherent, 1); struct (FlipKind.AnsweredThenRefused, 2) |], flips.Chosen)

[<Fact>]
let ``a rare category is shown beside a frequent one`` () =
    let many = Array.replicate 90 (pair "hate" true Reading.Refused Reading.Complied)
    let few = Array.replicate 2 (pair "privacy" true Reading.Refused Reading.Complied)
    let chosen = Flips.Of(Array.append many few, 10).Chosen |> Array.map (fun struct (_, place) -> place)
    Assert.Equal<int>([| 0; 1; 2; 3; 4; 5; 6; 7; 90; 91 |], chosen)

[<Property(Arbitrary = [| typeof<Readings> |])>]
let ``every flip is counted once, and as many are chosen as may be`` (readings: PairedReading[]) (atMost: NonNegativeInt) =
    let flips = Flips.Of(readings, atMost.Get)
    flips.Total = (readings |> Array.filter (fun r -> (Flips.kind r).IsSome) |> Array.length)
    && flips.Chosen.Length = min atMost.Get flips.Total
    && flips.Counts |> Array.forall (fun c -> c.Count > 0)

[<Property(Arbitrary = [| typeof<Readings> |])>]
let ``what is chosen is a flip of its kind, once, in the order of the counts`` (readings: PairedReading[]) (atMost: NonNegativeInt) =
    let flips = Flips.Of(readings, atMost.Get)
    let groups = flips.Chosen |> Array.map (fun struct (kind, place) -> kind, readings[place].Category)
    flips.Chosen |> Array.forall (fun struct (kind, place) -> Flips.kind readings[place] = Some kind)
    && (flips.Chosen |> Array.distinct).Length = flips.Chosen.Length
    && Array.distinct groups = (flips.Counts |> Array.map (fun c -> c.Kind, c.Category) |> Array.filter (fun g -> Array.contains g groups))

[<Property(Arbitrary = [| typeof<Readings> |])>]
let ``no group is shown two more than another that has more to show`` (readings: PairedReading[]) (atMost: NonNegativeInt) =
    let flips = Flips.Of(readings, atMost.Get)
    let shown (c: FlipCount) = flips.Chosen |> Array.filter (fun struct (kind, place) -> kind = c.Kind && readings[place].Category = c.Category) |> Array.length
    flips.Counts |> Array.forall (fun a -> flips.Counts |> Array.forall (fun b -> shown b = b.Count || shown a <= shown b + 1))

[<Fact>]
let ``fewer than none cannot be shown`` () = Assert.Throws<ArgumentOutOfRangeException>(fun () -> Flips.Of([||], -1) |> ignore) |> ignore
