module AlignGuard.Domain.Tests.Statistics.CorrectionTests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open AlignGuard.Domain.Statistics
open AlignGuard.Domain.Tests

type PValues =
    static member Lists() = Gen.choose (0, 10_000) |> Gen.map (fun n -> float n / 10_000.0) |> Gen.nonEmptyListOf |> Gen.map Array.ofList |> Arb.fromGen

// By hand from the definition: 4·0.005, then 3·0.01, then 2·0.03, then the largest so far against 0.04.
[<Fact>]
let ``Holm's adjusted values by hand`` () =
    let adjusted = Holm.Adjust [| 0.01; 0.04; 0.03; 0.005 |]
    Array.iter2 (close 1e-12) [| 0.03; 0.06; 0.06; 0.02 |] adjusted

[<Property(Arbitrary = [| typeof<PValues> |])>]
let ``an adjusted value is no smaller, at most Bonferroni's, at most 1, and keeps the order`` (p: float[]) =
    let adjusted = Holm.Adjust p
    let m = float p.Length
    Array.forall2 (fun p a -> a >= p && a <= min 1.0 (m * p) + 1e-12) p adjusted
    && Array.allPairs (Array.zip p adjusted) (Array.zip p adjusted) |> Array.forall (fun ((p, a), (q, b)) -> p > q || a <= b)

[<Property(Arbitrary = [| typeof<PValues> |])>]
let ``the order of the tests does not matter`` (p: float[]) =
    Holm.Adjust(Array.rev p) = Array.rev (Holm.Adjust p)

/// Six tests of nothing, 4,000 times: at least one below 0.05 in at most 5 % (standard error 0.0035).
[<Fact>]
let ``one false alarm or more is as rare as asked for`` () =
    let random = Random 11
    let alarms = Seq.init 4000 (fun _ -> Holm.Adjust(Array.init 6 (fun _ -> random.NextDouble())) |> Array.exists (fun p -> p <= 0.05)) |> Seq.filter id |> Seq.length
    Assert.InRange(float alarms / 4000.0, 0.03, 0.062)

[<Fact>]
let ``what is no probability is refused`` () =
    Assert.Throws<ArgumentException>(fun () -> Holm.Adjust [| 0.1; nan |] |> ignore) |> ignore
