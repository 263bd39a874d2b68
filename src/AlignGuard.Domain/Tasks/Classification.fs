namespace AlignGuard.Domain.Tasks

open System
open System.Collections.Generic

/// <summary>Metrics of predicted against true classes, each a function of the confusion table alone, with the jackknife's standard error.</summary>
module Classification =

    /// Cells (gold, predicted) → items.
    let private table (gold: IReadOnlyList<int>) (predicted: IReadOnlyList<int>) =
        if gold.Count <> predicted.Count || gold.Count = 0 then
            raise (ArgumentException $"A score needs one prediction for each of at least one item; got {predicted.Count} for {gold.Count}.")

        Seq.zip gold predicted |> Seq.countBy id |> Map.ofSeq

    let private sum (cells: Map<int * int, int>) (where: int -> int -> bool) =
        cells |> Seq.sumBy (fun c -> if where (fst c.Key) (snd c.Key) then c.Value else 0) |> float

    /// The metric of a table, and of it without one item of each cell in turn.
    let private scored (metric: Map<int * int, int> -> float) (cells: Map<int * int, int>) =
        let without =
            cells
            |> Seq.filter (fun _ -> sum cells (fun _ _ -> true) > 1.0)
            |> Seq.map (fun c -> metric (if c.Value = 1 then Map.remove c.Key cells else Map.add c.Key (c.Value - 1) cells), c.Value)

        { Value = metric cells; StandardError = Score.jackknife without; Items = int (sum cells (fun _ _ -> true)) }

    /// F1 = 2·TP / (2·TP + FP + FN) of one class; 0 where the class is neither true nor predicted of any item.
    let private f1 (label: int) cells =
        let hit = sum cells (fun g p -> g = label && p = label)
        let miss = sum cells (fun g p -> (g = label) <> (p = label))
        if hit + miss = 0.0 then 0.0 else 2.0 * hit / (2.0 * hit + miss)

    /// <summary>The share of items whose class was predicted.</summary>
    /// <exception cref="T:System.ArgumentException">No items, or lists of different lengths.</exception>
    let Accuracy (gold: IReadOnlyList<int>, predicted: IReadOnlyList<int>) : Score =
        table gold predicted |> scored (fun cells -> sum cells (=) / sum cells (fun _ _ -> true))

    /// <summary>F1 of the class <paramref name="positive"/>: the harmonic mean of precision and recall; 0 where neither exists.</summary>
    /// <exception cref="T:System.ArgumentException">No items, or lists of different lengths.</exception>
    let F1 (gold: IReadOnlyList<int>, predicted: IReadOnlyList<int>, positive: int) : Score =
        table gold predicted |> scored (f1 positive)

    /// <summary>The unweighted mean of the F1 of every class that is true or predicted of an item.</summary>
    /// <exception cref="T:System.ArgumentException">No items, or lists of different lengths.</exception>
    let MacroF1 (gold: IReadOnlyList<int>, predicted: IReadOnlyList<int>) : Score =
        table gold predicted
        |> scored (fun cells ->
            cells |> Seq.collect (fun c -> [ fst c.Key; snd c.Key ]) |> Seq.distinct |> Seq.averageBy (fun label -> f1 label cells))

    /// <summary>
    /// Matthews' correlation in its form for any number of classes (Gorodkin 2004): (c·s − Σ pₖtₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²)), with c items right of s, and tₖ and pₖ items true and predicted of class k;
    /// 0 where one side knows one class only.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">No items, or lists of different lengths.</exception>
    let Matthews (gold: IReadOnlyList<int>, predicted: IReadOnlyList<int>) : Score =
        table gold predicted
        |> scored (fun cells ->
            let labels = cells |> Seq.collect (fun c -> [ fst c.Key; snd c.Key ]) |> Seq.distinct |> Array.ofSeq
            let right = sum cells (=)
            let all = sum cells (fun _ _ -> true)
            let truly = labels |> Array.map (fun k -> sum cells (fun g _ -> g = k))
            let said = labels |> Array.map (fun k -> sum cells (fun _ p -> p = k))
            let spread (counts: float[]) = all * all - Array.sumBy (fun c -> c * c) counts
            let scale = sqrt (spread said * spread truly)
            if scale = 0.0 then 0.0 else (right * all - Array.fold2 (fun total p t -> total + p * t) 0.0 said truly) / scale)
