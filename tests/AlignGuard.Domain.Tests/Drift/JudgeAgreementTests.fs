module AlignGuard.Domain.Tests.Drift.JudgeAgreementTests

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open AlignGuard.Domain.Drift
open AlignGuard.Domain.Tests

let private opinion judge decided other : Opinion = { Judge = judge; Decided = decided; Other = other }
let private times n o = List.replicate n o

type Opinions =
    static member Lists() =
        let reading = Gen.elements [ Reading.Refused; Reading.Complied; Reading.Incoherent ]
        Gen.map3 opinion (Gen.elements [ "llm/a"; "onnx/b"; "rules/1" ]) reading reading |> Gen.listOf |> Gen.map Array.ofList |> Arb.fromGen

/// Cohen's table by hand: 35 of 50 alike, by chance 25: κ = 0.4.
[<Fact>]
let ``agreement is each judge's own, on each side`` () =
    let before =
        times 20 (opinion "llm/b" Reading.Refused Reading.Refused) @ times 5 (opinion "llm/b" Reading.Refused Reading.Complied)
        @ times 10 (opinion "llm/b" Reading.Complied Reading.Refused) @ times 15 (opinion "llm/b" Reading.Complied Reading.Complied)
    let after = times 3 (opinion "llm/b" Reading.Refused Reading.Refused) @ times 4 (opinion "llm/a" Reading.Complied Reading.Incoherent)
    let found = JudgeAgreement.Of(before, after, 0.95)
    Assert.Equal<string>([ "llm/a"; "llm/b" ], found |> Array.map _.Judge)
    close 1e-12 0.7 found[1].Before.Value.Observed
    close 1e-12 0.4 found[1].Before.Value.Kappa.Value.Value
    // One and the same said of all: nothing could show agreement beyond chance.
    Assert.Equal(1.0, found[1].After.Value.Observed)
    Assert.False(found[1].After.Value.Kappa.HasValue)
    Assert.False(found[0].Before.HasValue)
    Assert.Equal(0.0, found[0].After.Value.Observed)

[<Property(Arbitrary = [| typeof<Opinions> |])>]
let ``every judge with an opinion is there once, with all of its opinions`` (before: Opinion[]) (after: Opinion[]) =
    let found = JudgeAgreement.Of(before, after, 0.95)
    let items (side: JudgeAgreement -> System.Nullable<AlignGuard.Domain.Statistics.Agreement>) = found |> Array.sumBy (fun j -> match Option.ofNullable (side j) with Some a -> a.Items | None -> 0)
    (found |> Array.map _.Judge) = (Array.append before after |> Array.map _.Judge |> Array.distinct |> Array.sort)
    && items _.Before = before.Length
    && items _.After = after.Length

[<Property(Arbitrary = [| typeof<Opinions> |])>]
let ``a judge that always says the same as the one that decides agrees in everything`` (opinions: Opinion[]) =
    let same = opinions |> Array.map (fun o -> { o with Other = o.Decided })
    JudgeAgreement.Of(same, same, 0.95) |> Array.forall (fun j -> j.Before.Value.Observed = 1.0 && (not j.After.Value.Kappa.HasValue || j.After.Value.Kappa.Value.Value > 1.0 - 1e-9))
