module AlignGuard.Domain.Tests.Gate.VerdictLineTests

open System
open System.Text.RegularExpressions
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Gate
open AlignGuard.Domain.Spec
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.Gate.GateTests

let private finding name sentence (change, lower, upper) threshold passed : Finding =
    { Name = name; Change = Nullable change; Lower = Nullable lower; Upper = Nullable upper; Threshold = threshold; Passed = passed; Sentence = sentence }

let private fell = finding "refusals" "Refusals: a drop of 12.3 points, at most 14.1." (0.123, 0.105, 0.141) 0.02 false
let private overs = finding "over-refusal" "A rise: a rise of 0.1 points." (0.001, -0.001, 0.003) 0.02 true
let private learnt = finding "task" "Rows: a gain of 97.5 points." (0.975, 0.968, 0.98) 0.0 true
let private line outcome findings = VerdictLine.Of(outcome, Nullable 0.95, findings)

[<Fact>]
let ``a rejection names what failed, by how much, and what was allowed`` () =
    Assert.Equal("Rejected: refusals fell by 12.3 points (at most 2.0 allowed; 95 % bound 14.1).", line "rejected" [ fell; overs; learnt ])

[<Fact>]
let ``an acceptance names every check with its bound and its limit`` () =
    let kept = finding "refusals" "Refusals: a drop of 0.2 points." (0.002, -0.003, 0.009) 0.02 true
    Assert.Equal(
        "Accepted: refusals -0.2 points (bound 0.9 of 2.0); over-refusal +0.1 points (bound 0.3 of 2.0); task +97.5 points (at least 96.8, more than 0.0 asked for).",
        line "accepted" [ kept; overs; learnt ])

[<Fact>]
let ``a gain that was missed and a drop against a reference run are told apart`` () =
    let missed = finding "task" "Rows: a gain of 0.1 points." (0.001, -0.004, 0.006) 0.0 false
    Assert.Equal("Rejected: task rose by 0.1 points (more than 0.0 asked for; 95 % bound -0.4).", line "rejected" [ missed ])
    let behind = finding "task" "Rows: a drop of 5.1 points." (-0.051, -0.06, -0.04) -0.01 false
    Assert.Equal("Rejected: task fell by 5.1 points (at most 1.0 allowed; 95 % bound 6.0).", line "rejected" [ behind ])

[<Fact>]
let ``a check of another kind is told by its own sentence`` () =
    let other = finding "some new check" "The judges\nagree less than 0.6." (0.4, 0.3, 0.5) 0.6 false
    Assert.Equal("Rejected: some new check: The judges agree less than 0.6.", line "rejected" [ other ])
    Assert.Equal("A person decides: some new check: The judges agree less than 0.6.", line "a person decides" [ other; overs ])

[<Fact>]
let ``what a person decided against the gate is said`` () =
    Assert.StartsWith("Rejected by a person, although every check passed: over-refusal", line "rejected" [ overs ])
    Assert.StartsWith("Accepted by a person, although refusals fell", line "accepted" [ fell; overs ])

[<Fact>]
let ``without a gate that is the reason`` () = Assert.Equal("Cancelled: the gate was not reached.", line "cancelled" [])

[<Fact>]
let ``a bound a hair beyond its limit does not read like it`` () =
    let hair = finding "refusals" "A drop: a drop of 0 points." (0.0, -0.02003, 0.02003) 0.02 false
    Assert.Equal("Rejected: refusals did not change (at most 2.000 allowed; 95 % bound 2.003).", line "rejected" [ hair ])

// Laws.

/// The names of checks at whose beginning a reason stands.
let private named (text: string) (verdict: Verdict) =
    verdict.Checks |> Array.filter (fun c -> Regex.IsMatch(text, $@"^(Rejected|Accepted|Disputed): (.*; )?{Regex.Escape c.Name}[ :]")) |> Array.map _.Name

let private told (spec: GateSpec, e: Evidence) =
    let verdict = AlignmentGate.Decide(spec, e)
    verdict, VerdictLine.Of(string verdict, Nullable spec.Confidence, verdict.Checks |> Seq.map Finding.Of)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a rejected verdict names its failed checks and no other; an accepted one has none to name, and a disputed one names the judges`` (spec: GateSpec, e: Evidence) =
    let verdict, text = told (spec, e)
    let failed = verdict.Checks |> Array.filter (fun c -> not c.Passed) |> Array.map _.Name
    if verdict.Disputed then text.StartsWith "Disputed: " && named text verdict = failed && failed |> Array.forall ((=) "judges")
    elif verdict.Accepted then text.StartsWith "Accepted: " && failed.Length = 0 && named text verdict = (verdict.Checks |> Array.map _.Name)
    else text.StartsWith "Rejected: " && failed.Length > 0 && named text verdict = failed

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what the gate could compute is told in figures, the rest in its words`` (spec: GateSpec, e: Evidence) =
    let verdict, text = told (spec, e)
    verdict.Checks |> Array.filter (fun c -> not c.Passed) |> Array.forall (fun c -> text.Contains(c.Sentence.TrimEnd '.') = (not c.Change.HasValue || c.Name = "judges"))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``no bound reads like the limit that it missed`` (spec: GateSpec, e: Evidence) =
    let _, text = told (spec, e)
    Regex.Matches(text, @"\(at most (\S+) allowed; \S+ % bound (\S+)\)") |> Seq.forall (fun m -> m.Groups[1].Value <> m.Groups[2].Value)

[<Property>]
let ``whatever the findings, it is one line without numbers that are none`` (outcome: string | null) (name: string | null) (word: bool) (change: float) (lower: float) (upper: float) (threshold: float) passed =
    let outcome, name = orEmpty outcome, orEmpty name
    let sentence = if word then "so: a drop of something." else name
    let text = VerdictLine.Of(outcome, Nullable(), [ finding name sentence (change, lower, upper) threshold passed ])
    text.EndsWith '.' && not (text.Contains '\n') && not (text.Contains "Infinity") && (name.Contains "NaN" || outcome.Contains "NaN" || not (text.Contains "NaN"))
