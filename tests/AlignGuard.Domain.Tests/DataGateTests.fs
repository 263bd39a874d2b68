module AlignGuard.Domain.Tests.DataGateTests

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.DataGate
open AlignGuard.Domain.Spec

let private spec = { OnFlagged = FlaggedRows.Warn; Threshold = 0.8; Similarity = 0.8; HiddenSimilarity = 0.8; MaxFlagged = 0.25 }
let private harmless = { Unsafe = 0.1; Category = "illegal"; Answers = true; Toxicity = Nullable 0.1; Similarity = Nullable 0.2 }
let private unsafeOne = { harmless with Unsafe = 0.95 }

[<Fact>]
let ``what a row is flagged for`` () =
    let flags row = DataGate.Flags(spec, row)
    Assert.Empty(flags harmless)
    Assert.Equal<Flag list>([ Flag.UnsafeAnswered ], flags unsafeOne)
    // A refusal of an unsafe request is what alignment data are made of.
    Assert.Empty(flags { unsafeOne with Answers = false })
    Assert.Equal<Flag list>([ Flag.Toxic; Flag.Similar ], flags { harmless with Toxicity = Nullable 0.9; Similarity = Nullable 0.8 })
    Assert.Empty(flags { harmless with Toxicity = Nullable(); Similarity = Nullable() })
    Assert.Empty(DataGate.Flags({ spec with Similarity = 1.0 }, { harmless with Similarity = Nullable 1.0 }))

[<Fact>]
let ``the sentence tells how many rows, why and what becomes of them`` () =
    let rows = [| unsafeOne; harmless; unsafeOne; { unsafeOne with Category = "violence" }; harmless; { harmless with Toxicity = Nullable 1.0 } |]
    let tell onFlagged = let spec = { spec with OnFlagged = onFlagged } in DataGate.Sentence(spec, DataGate.Decide(spec, rows))
    Assert.Equal("4 of 6 rows (66.67 %) are flagged: 3 unsafe request answered, 1 toxic answer (2 illegal, 1 violence). They are left out.", tell FlaggedRows.Quarantine)
    Assert.EndsWith("More than dataGate.maxFlagged (25 %) allows: remove them, or write onFlagged: quarantine.", tell FlaggedRows.Fail)
    Assert.Null(tell FlaggedRows.Off)

let private readings =
    let share = Gen.map (fun n -> float n / 100.0) (Gen.choose (0, 100))
    let maybe = Gen.oneof [ Gen.map Nullable share; Gen.constant (Nullable()) ]
    gen {
        let! risky = share
        let! category = Gen.elements [ "illegal"; "violence" ]
        let! complies = Gen.elements [ true; false ]
        let! toxicity = maybe
        let! similarity = maybe
        return { Unsafe = risky; Category = category; Answers = complies; Toxicity = toxicity; Similarity = similarity }
    } |> Gen.arrayOf

let private specs =
    gen {
        let! onFlagged = Gen.elements [ FlaggedRows.Off; FlaggedRows.Warn; FlaggedRows.Quarantine; FlaggedRows.Fail ]
        let! threshold = Gen.elements [ 0.3; 0.5; 0.9 ]
        let! most = Gen.elements [ 0.0; 0.1; 0.5; 1.0 ]
        return { OnFlagged = onFlagged; Threshold = threshold; Similarity = threshold; HiddenSimilarity = threshold; MaxFlagged = most }
    }

type Arbitraries =
    static member Rows() = Arb.fromGen readings
    static member Spec() = Arb.fromGen specs

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``rows are left out where and only where they are flagged and quarantine is asked for`` (spec: DataGateSpec, rows: RowRisk[]) =
    let verdict = DataGate.Decide(spec, rows)
    Array.forall2 (fun out flags -> out = (spec.OnFlagged = FlaggedRows.Quarantine && flags <> [])) verdict.LeftOut verdict.Flags
    && (verdict.Flagged = 0 || spec.OnFlagged <> FlaggedRows.Off)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``the verdict does not depend on the order of the rows`` (spec: DataGateSpec, rows: RowRisk[]) =
    let there, back = DataGate.Decide(spec, rows), DataGate.Decide(spec, Array.rev rows)
    there.Flagged = back.Flagged && there.Refused = back.Refused && set there.ByFlag = set back.ByFlag && there.Flags = Array.rev back.Flags

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a lower threshold flags no fewer rows, and one row more that is flagged never saves a job`` (spec: DataGateSpec, rows: RowRisk[]) =
    let verdict = DataGate.Decide(spec, rows)
    let stricter = DataGate.Decide({ spec with Threshold = spec.Threshold / 2.0 }, rows)
    let worse = DataGate.Decide(spec, Array.append rows [| { harmless with Unsafe = 1.0 } |])
    stricter.Flagged >= verdict.Flagged && (not verdict.Refused || worse.Refused)

[<Theory>]
[<InlineData(0.79, "warn", false, "mean cosine with the nearest 0.79.")>]
[<InlineData(0.8, "warn", false, "or more: guardrails become weaker")>]
[<InlineData(0.8, "fail", true, "refuses that")>]
[<InlineData(0.79, "fail", false, "mean cosine with the nearest 0.79.")>]
let ``rows that the model holds like alignment examples are told of or refused`` (mean: float, onFlagged: string, refused: bool, sentence: string) =
    let spec = { spec with OnFlagged = (if onFlagged = "fail" then FlaggedRows.Fail else FlaggedRows.Warn) }
    Assert.Equal(refused, DataGate.HiddenRefuses(spec, mean))
    let said = DataGate.HiddenSentence(spec, mean, 256, 64)
    Assert.StartsWith("hidden states of 256 rows and of 64 alignment examples: ", said)
    Assert.Contains(sentence, said)
