module AlignGuard.Domain.Tests.Tasks.ClassificationTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open AlignGuard.Domain.Tasks
open AlignGuard.Domain.Tests

// True: 4 of class 0, 6 of class 1. Table: TN 3, FP 1, FN 2, TP 4.
let private gold = [| 0; 0; 0; 0; 1; 1; 1; 1; 1; 1 |]
let private said = [| 0; 0; 0; 1; 0; 0; 1; 1; 1; 1 |]

[<Fact>]
let ``two classes, worked by hand`` () =
    let accuracy = Classification.Accuracy(gold, said)
    close 1e-12 0.7 accuracy.Value
    // √(0.7 · 0.3 / 9)
    close 1e-12 0.152752523165 accuracy.StandardError
    Assert.Equal(10, accuracy.Items)
    // precision 4/5, recall 4/6: 8/11; of class 0 precision 3/5, recall 3/4: 6/9.
    close 1e-12 (8.0 / 11.0) (Classification.F1(gold, said, 1).Value)
    close 1e-12 ((8.0 / 11.0 + 6.0 / 9.0) / 2.0) (Classification.MacroF1(gold, said).Value)
    // (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) = 10 / √(5·6·4·5)
    close 1e-12 (10.0 / sqrt 600.0) (Classification.Matthews(gold, said).Value)

[<Fact>]
let ``three classes, worked by hand`` () =
    let gold, said = [| 0; 0; 1; 1; 2; 2 |], [| 0; 1; 1; 1; 2; 0 |]
    // F1: class 0 2·1/(2·1+1+1) = 1/2; class 1 4/5; class 2 2/3.
    close 1e-12 ((0.5 + 0.8 + 2.0 / 3.0) / 3.0) (Classification.MacroF1(gold, said).Value)
    // c = 4, s = 6; true 2 2 2, said 2 3 1: (24 − 12) / √((36 − 14)(36 − 12))
    close 1e-12 (12.0 / sqrt (22.0 * 24.0)) (Classification.Matthews(gold, said).Value)

[<Fact>]
let ``a class that nobody names has no F1, and one class only no correlation`` () =
    Assert.Equal(0.0, Classification.F1([| 0; 0 |], [| 0; 0 |], 1).Value)
    Assert.Equal(0.0, Classification.Matthews([| 1; 1; 1 |], [| 1; 0; 1 |]).Value)
    Assert.True(Double.IsNaN(Classification.Accuracy([| 1 |], [| 1 |]).StandardError))
    Assert.Throws<ArgumentException>(fun () -> Classification.Accuracy([| 1 |], [||]) |> ignore) |> ignore
    Assert.Throws<ArgumentException>(fun () -> Classification.F1([||], [||], 1) |> ignore) |> ignore

/// Up to four classes.
let private items (pairs: (byte * byte)[]) = pairs |> Array.map (fun (g, p) -> int g % 4, int p % 4) |> Array.unzip

let private metrics: (string * (int[] * int[] -> Score)) list =
    [ "accuracy", (fun (g, p) -> Classification.Accuracy(g, p))
      "F1", (fun (g, p) -> Classification.F1(g, p, 1))
      "macro F1", (fun (g, p) -> Classification.MacroF1(g, p))
      "Matthews", (fun (g, p) -> Classification.Matthews(g, p)) ]

[<Property>]
let ``accuracy is the mean of right and wrong answers, with the same standard error`` (pairs: (byte * byte)[]) =
    let g, p = items pairs
    g.Length < 2
    || (let a, m = Classification.Accuracy(g, p), Score.Mean(Array.map2 (fun x y -> if x = y then 1.0 else 0.0) g p)
        abs (a.Value - m.Value) < 1e-12 && abs (a.StandardError - m.StandardError) < 1e-12)

/// From the definition: the metric on every list with one item left out.
[<Property>]
let ``standard errors are those of the metric computed anew without each item`` (pairs: (byte * byte)[]) =
    let g, p = items pairs
    g.Length < 2
    || metrics
       |> List.forall (fun (_, metric) ->
           let without = [| for i in 0 .. g.Length - 1 -> (metric (Array.removeAt i g, Array.removeAt i p)).Value |]
           let mean = Array.average without
           let n = float g.Length
           let expected = sqrt ((n - 1.0) / n * (without |> Array.sumBy (fun v -> (v - mean) ** 2.0)))
           abs (expected - (metric (g, p)).StandardError) < 1e-9)

[<Property>]
let ``nothing depends on the order of the items`` (pairs: (byte * byte)[]) =
    let g, p = items pairs
    g.Length = 0 || metrics |> List.forall (fun (_, metric) -> abs ((metric (g, p)).Value - (metric (Array.rev g, Array.rev p)).Value) < 1e-12)

[<Property>]
let ``F1, macro F1 and Matthews are symmetric in truth and prediction, and whole where both agree`` (pairs: (byte * byte)[]) =
    let g, p = items pairs
    g.Length = 0
    || (metrics |> List.forall (fun (_, metric) -> abs ((metric (g, p)).Value - (metric (p, g)).Value) < 1e-12)
        && Classification.MacroF1(g, g).Value = 1.0
        && (Array.distinct g |> Array.length = 1 || abs (Classification.Matthews(g, g).Value - 1.0) < 1e-12))

[<Property>]
let ``Matthews of two classes is Pearson's correlation`` (pairs: (bool * bool)[]) =
    let number b = if b then 1 else 0
    let g, p = pairs |> Array.map (fun (a, b) -> number a, number b) |> Array.unzip
    let varies x = Array.distinct x |> Array.length = 2
    not (varies g && varies p)
    || (let centred x = (let m = x |> Array.averageBy float in x |> Array.map (fun v -> float v - m))
        let a, b = centred g, centred p
        let dot x y = Array.fold2 (fun s u v -> s + u * v) 0.0 x y
        abs (dot a b / sqrt (dot a a * dot b b) - Classification.Matthews(g, p).Value) < 1e-9)
