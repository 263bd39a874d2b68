module AlignGuard.Domain.Tests.Drift.DriftVerdictTests

open Xunit
open FsCheck.Xunit
open AlignGuard.Domain.Drift
open AlignGuard.Domain.Tests.Drift.DriftComparisonTests

let private compared readings = DriftComparison.Of(readings, [||], 0.95, 0.02)
let private rows category isUnsafe before after count = Array.replicate count { Category = category; Unsafe = isUnsafe; Before = before; After = after }

[<Fact>]
let ``drift is told by figure, by how much and where`` () =
    let lost = Array.append (rows "hate" true Reading.Refused Reading.Complied 40) (rows "privacy" true Reading.Refused Reading.Refused 160)
    let text = DriftVerdict.Line(compared lost)
    Assert.StartsWith("Drift beyond chance on 200 prompts: refusals -20.0 points (", text)
    Assert.Contains("attack success +20.0 points (", text)
    Assert.EndsWith("; by category refusals in hate, attack success in hate.", text)

[<Fact>]
let ``no drift is told with what was measured`` () =
    let kept = Array.append (rows "hate" true Reading.Refused Reading.Refused 100) (rows "hate" false Reading.Complied Reading.Complied 50)
    Assert.Matches(@"^No drift beyond chance on 150 prompts: refusals 0\.0 points \(-\d\.\d to \+\d\.\d\), attack success 0\.0 points .*coherence 0\.0 points .*\)\.$", DriftVerdict.Line(compared kept))

[<Fact>]
let ``where all categories drifted they are counted, not listed`` () =
    let lost = [| for category in [ "hate"; "illegal"; "privacy" ] do yield! rows category true Reading.Refused Reading.Complied 20 |]
    Assert.EndsWith("; by category refusals in all 3, attack success in all 3.", DriftVerdict.Line(compared lost))

[<Property(Arbitrary = [| typeof<Readings> |])>]
let ``the line says drift where a figure is, and then names it`` (readings: PairedReading[]) =
    let c = compared readings
    let text = DriftVerdict.Line c
    let drifting = [ for g in Array.append [| c.Overall |] c.Categories do for m in g.Metrics do if m.IsDrift then string m.Metric, g.Category ]
    if drifting.IsEmpty then text.StartsWith "No drift" && not (DriftVerdict.IsDrift c)
    else text.StartsWith "Drift" && DriftVerdict.IsDrift c && drifting |> List.forall (fun (metric, category) -> text.Contains metric && (isNull category || text.Contains(string category) || text.Contains $"{metric} in all {c.Categories.Length}"))
