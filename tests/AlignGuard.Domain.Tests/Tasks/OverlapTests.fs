module AlignGuard.Domain.Tests.Tasks.OverlapTests

open System
open Xunit
open FsCheck.Xunit
open AlignGuard.Domain.Tasks
open AlignGuard.Domain.Tests

[<Theory>]
[<InlineData("The cat, sat!", "cat sat")>]
[<InlineData("  An   apple a day ", "apple day")>]
[<InlineData("theatre", "theatre")>]
[<InlineData("$5.00", "500")>]
[<InlineData("the", "")>]
let ``SQuAD's normal form`` (text: string, expected: string) = Assert.Equal(expected, Overlap.Normal text)

[<Fact>]
let ``exact and quasi-exact match`` () =
    Assert.Equal(1.0, Overlap.Equal(" Paris\n", [| "London"; "Paris" |]))
    Assert.Equal(0.0, Overlap.Equal("paris", [| "Paris" |]))
    Assert.Equal(1.0, Overlap.EqualInNormalForm("The paris.", [| "Paris" |]))
    Assert.Equal(0.0, Overlap.EqualInNormalForm("Paris, France", [| "Paris" |]))

[<Fact>]
let ``words shared with a reference, worked by hand`` () =
    // "cat sat on mat" against "cat mat": 2 words in common of 4 and 2.
    close 1e-12 (2.0 * 2.0 / 6.0) (Overlap.WordF1("The cat sat on the mat", "a cat, a mat"))
    Assert.Equal(1.0, Overlap.WordF1("the", ""))
    Assert.Equal(0.0, Overlap.WordF1("the", "cat"))

[<Fact>]
let ``ROUGE, worked by hand`` () =
    let text, reference = "the the cat was found under the bed", "The cat was under the bed."
    // 8 and 6 words; in common the ×2, cat, was, under, bed.
    close 1e-12 (2.0 * 6.0 / 14.0) (Overlap.RougeN(text, reference, 1))
    // 7 and 5 pairs; in common the cat, cat was, under the, the bed.
    close 1e-12 (2.0 * 4.0 / 12.0) (Overlap.RougeN(text, reference, 2))
    close 1e-12 (2.0 * 6.0 / 14.0) (Overlap.RougeL(text, reference))
    // Lin (2004), section 3: of "police killed the gunman" both have an equal ROUGE-2, ROUGE-L tells them apart (3/4 and 2/4).
    close 1e-12 0.75 (Overlap.RougeL("police kill the gunman", "police killed the gunman"))
    close 1e-12 0.5 (Overlap.RougeL("the gunman kill police", "police killed the gunman"))
    Assert.Equal(0.0, Overlap.RougeN("cat", "cat", 2))
    Assert.Throws<ArgumentOutOfRangeException>(fun () -> Overlap.RougeN("a", "b", 0) |> ignore) |> ignore

let private text (words: byte[]) = String.Join(' ', words |> Array.map (fun w -> [| "cat"; "sat"; "mat"; "dog" |][int w % 4]))

[<Property>]
let ``overlaps are symmetric, between 0 and 1, and 1 of a text with itself`` (a: byte[], b: byte[]) =
    let a, b = text a, text b
    [ (fun (x, y) -> Overlap.RougeN(x, y, 1)); (fun (x, y) -> Overlap.RougeN(x, y, 2)); Overlap.RougeL; Overlap.WordF1 ]
    |> List.forall (fun f ->
        let v = f (a, b)
        v >= 0.0 && v <= 1.0 && v = f (b, a) && (a.Split(' ').Length < 2 || f (a, a) = 1.0))

/// By brute force: the longest of all the subsequences of the first that is one of the second too.
[<Property(MaxTest = 60)>]
let ``ROUGE-L counts the longest common subsequence, and never more than the words in common`` (a: byte[], b: byte[]) =
    let words (t: string) = t.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray |> List.truncate 8
    let x, y = words (text a), words (text b)
    let rec within part whole =
        match part, whole with
        | [], _ -> true
        | _, [] -> false
        | p :: ps, w :: ws -> if p = w then within ps ws else within part ws
    let rec parts list =
        match list with
        | [] -> [ [] ]
        | h :: t -> parts t |> List.collect (fun p -> [ p; h :: p ])
    let longest = parts x |> List.filter (fun p -> within p y) |> List.map List.length |> List.max
    let expected = if longest = 0 then 0.0 else 2.0 * float longest / float (x.Length + y.Length)
    let l = Overlap.RougeL(String.Join(' ', x), String.Join(' ', y))
    abs (l - expected) < 1e-12 && l <= Overlap.RougeN(String.Join(' ', x), String.Join(' ', y), 1) + 1e-12

[<Fact>]
let ``a mean carries its standard error`` () =
    let score = Score.Mean [| 0.0; 0.5; 1.0 |]
    close 1e-12 0.5 score.Value
    close 1e-12 (0.5 / sqrt 3.0) score.StandardError
    Assert.True(Double.IsNaN(Score.Mean([| 0.3 |]).StandardError))
    Assert.Throws<ArgumentException>(fun () -> Score.Mean [| 1.0; nan |] |> ignore) |> ignore
    Assert.Throws<ArgumentException>(fun () -> Score.Mean [||] |> ignore) |> ignore
