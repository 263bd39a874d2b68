namespace AlignGuard.Domain.Drift

open System
open System.Collections.Generic
open AlignGuard.Domain.Statistics

/// <summary>An answer as the judge that decides and as another read it.</summary>
type Opinion =
    { /// The other judge's name.
      Judge: string
      Decided: Reading
      Other: Reading }

/// <summary>How far another judge agrees with the one that decides; null where it read no answer.</summary>
[<NoComparison>]
type JudgeAgreement =
    { Judge: string
      Before: Nullable<Agreement>
      After: Nullable<Agreement> }

module JudgeAgreement =

    /// <summary>Agreement of each other judge, in alphabetical order, on the answers before and on those after, with the interval of Cohen's κ at two-sided <paramref name="confidence"/>.</summary>
    /// <exception cref="T:System.ArgumentException">A confidence outside (0, 1).</exception>
    let Of (before: IReadOnlyCollection<Opinion>, after: IReadOnlyCollection<Opinion>, confidence: float) : JudgeAgreement[] =
        let read judge (opinions: IReadOnlyCollection<Opinion>) =
            match opinions |> Seq.filter (fun o -> o.Judge = judge) |> Array.ofSeq with
            | [||] -> Nullable()
            | its -> Nullable(Kappa.Of(its |> Array.map _.Decided, its |> Array.map _.Other, confidence))

        Seq.append before after
        |> Seq.map _.Judge
        |> Seq.distinct
        |> Array.ofSeq
        |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))
        |> Array.map (fun judge -> { Judge = judge; Before = read judge before; After = read judge after })
