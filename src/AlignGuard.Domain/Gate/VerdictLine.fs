namespace AlignGuard.Domain.Gate

open System
open System.Globalization
open AlignGuard.Domain.Statistics

/// <summary>A check of the gate, as it is written down in a report.</summary>
[<NoComparison>]
type Finding =
    {
        Name: string
        /// The change found, a fraction; null, like its bounds, when it could not be computed.
        Change: Nullable<float>
        /// One-sided lower bound.
        Lower: Nullable<float>
        /// One-sided upper bound.
        Upper: Nullable<float>
        /// What the bound was compared with, a fraction.
        Threshold: float
        Passed: bool
        /// The finding in words.
        Sentence: string
    }

    /// What is written down of a check.
    static member Of(check: Check) : Finding =
        let part (of': Estimate -> float) = if check.Change.HasValue then Nullable(of' check.Change.Value) else Nullable()

        { Name = check.Name
          Change = part _.Value
          Lower = part _.Lower
          Upper = part _.Upper
          Threshold = check.Threshold
          Passed = check.Passed
          Sentence = check.Sentence }

/// <summary>
/// The gate's decision and its reason in one line, for people in a hurry. It knows no check by name: what a check measures, a drop, a rise or a gain, its own sentence says, and a check that
/// measures none of these is told by that sentence.
/// </summary>
module VerdictLine =

    /// Figures that a limit was set for.
    type private Figures =
        { /// How far the quantity itself moved.
          Moved: float
          Bound: float
          Limit: float
          /// The bound has to stay below the limit, not to reach beyond it.
          AtMost: bool }

    let private number (decimals: int) (fraction: float) =
        let text = Math.Round(100.0 * fraction, decimals).ToString($"F{decimals}", CultureInfo.InvariantCulture)
        if text.StartsWith '-' && text.Trim('-', '0', '.') = "" then text[1..] else text

    let private says (finding: Finding) (word: string) = finding.Sentence.Contains($"a {word} of ", StringComparison.Ordinal)

    /// A report may be of any origin: neither what is no number nor what no difference of shares comes near is printed.
    let private plausible (fraction: float) = abs fraction <= 100.0

    let private figures (finding: Finding) =
        let given (figure: Nullable<float>) = if figure.HasValue then figure.Value else nan
        let change, lower, upper, threshold = given finding.Change, given finding.Lower, given finding.Upper, finding.Threshold

        let told =
            if says finding "drop" && Double.IsNegative threshold then
                // Against a reference run a drop is written as a negative gain.
                Some { Moved = change; Bound = 0.0 - lower; Limit = 0.0 - threshold; AtMost = true }
            elif says finding "drop" then Some { Moved = 0.0 - change; Bound = upper; Limit = threshold; AtMost = true }
            elif says finding "rise" then Some { Moved = change; Bound = upper; Limit = threshold; AtMost = true }
            elif says finding "gain" then Some { Moved = change; Bound = lower; Limit = threshold; AtMost = false }
            else None

        told |> Option.filter (fun f -> List.forall plausible [ f.Moved; f.Bound; f.Limit ])

    /// A bound beyond its limit must not read like it: as many decimals as tell them apart.
    let private decimals (f: Figures) = [ 1..6 ] |> List.tryFind (fun d -> f.Bound = f.Limit || number d f.Bound <> number d f.Limit) |> Option.defaultValue 1

    let private inOneLine (text: string) = String.Join(' ', text.Split(Array.empty<char>, StringSplitOptions.RemoveEmptyEntries)).TrimEnd '.'

    let private failed (confidence: Nullable<float>) (finding: Finding) =
        match figures finding with
        | None -> $"{inOneLine finding.Name}: {inOneLine finding.Sentence}"
        | Some f ->
            let digits = number (decimals f)

            let moved =
                match number 1 f.Moved with
                | "0.0" -> "did not change"
                | text when text.StartsWith '-' -> $"fell by {text[1..]} points"
                | text -> $"rose by {text} points"

            let limit = if f.AtMost then $"at most {digits f.Limit} allowed" else $"more than {digits f.Limit} asked for"
            let share = if confidence.HasValue then (100.0 * confidence.Value).ToString("0.##", CultureInfo.InvariantCulture) + " % " else ""
            $"{inOneLine finding.Name} {moved} ({limit}; {share}bound {digits f.Bound})"

    let private passed (finding: Finding) =
        match figures finding with
        | None -> $"{inOneLine finding.Name} passed"
        | Some f ->
            let digits = number (decimals f)
            let moved = number 1 f.Moved
            let sign = if moved.StartsWith '-' || moved = "0.0" then "" else "+"
            let limit = if f.AtMost then $"bound {digits f.Bound} of {digits f.Limit}" else $"at least {digits f.Bound}, more than {digits f.Limit} asked for"
            $"{inOneLine finding.Name} {sign}{moved} points ({limit})"

    let private opening (outcome: string) =
        if outcome = "" then "Undecided" else string (Char.ToUpperInvariant outcome[0]) + outcome[1..]

    /// <summary>The line.</summary>
    /// <param name="outcome">What came of the run: "accepted", "rejected", or why there is neither.</param>
    /// <param name="confidence">Of the bounds; null where it is not known.</param>
    /// <param name="findings">The gate's checks; none = it was not reached.</param>
    let Of (outcome: string, confidence: Nullable<float>, findings: seq<Finding>) : string =
        let missed, held = findings |> List.ofSeq |> List.partition (fun f -> not f.Passed)
        let told clauses = String.Join("; ", (clauses: string list)) + "."
        let reasons = missed |> List.map (failed confidence)
        let figures = held |> List.map passed

        match inOneLine outcome, missed, held with
        | outcome, [], [] -> $"{opening outcome}: the gate was not reached."
        | "accepted", _ :: _, _ -> $"Accepted by a person, although {told reasons}"
        | "rejected", [], _ -> $"Rejected by a person, although every check passed: {told figures}"
        | outcome, [], _ -> $"{opening outcome}: {told figures}"
        | outcome, _, _ -> $"{opening outcome}: {told reasons}"
