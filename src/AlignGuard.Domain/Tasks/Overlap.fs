namespace AlignGuard.Domain.Tasks

open System
open System.Collections.Generic
open System.Text.RegularExpressions

/// <summary>How far a generated text agrees with a reference: exact match and ROUGE (Lin 2004), 0..1 per text.</summary>
module Overlap =

    /// <summary>SQuAD's normal form (Rajpurkar et al. 2016): lower case, without punctuation, without the articles a, an and the, words parted by single blanks.</summary>
    let Normal (text: string) : string =
        let bare = text.ToLowerInvariant() |> String.filter (fun c -> not (Char.IsAscii c && (Char.IsPunctuation c || Char.IsSymbol c)))
        let words = Regex.Replace(bare, @"\b(a|an|the)\b", " ")
        String.Join(' ', words.Split(null: char[] | null) |> Array.filter (fun w -> w.Length > 0))

    /// <summary>1 where the text equals one of the references, blanks around both aside, else 0.</summary>
    let Equal (text: string, references: IReadOnlyList<string>) : float =
        if references |> Seq.exists (fun r -> r.Trim() = text.Trim()) then 1.0 else 0.0

    /// <summary>1 where the text equals one of the references in SQuAD's normal form, else 0.</summary>
    let EqualInNormalForm (text: string, references: IReadOnlyList<string>) : float =
        if references |> Seq.exists (fun r -> Normal r = Normal text) then 1.0 else 0.0

    /// Google's rouge_score without its stemmer: runs of ASCII letters and digits, lower case.
    let private words (text: string) =
        Regex.Split(text.ToLowerInvariant(), "[^a-z0-9]+") |> Array.filter (fun w -> w.Length > 0)

    /// The harmonic mean of the shares of both texts that the common units make up.
    let private harmonic common ofText ofReference =
        if common = 0 then 0.0 else 2.0 * float common / float (ofText + ofReference)

    /// The harmonic mean for units of which each counts as often as both texts have it.
    let private shared (said: string[]) (reference: string[]) =
        let counts = reference |> Array.countBy id |> dict
        let common = said |> Array.countBy id |> Array.sumBy (fun (unit, count) -> match counts.TryGetValue unit with | true, c -> min c count | _ -> 0)
        harmonic common said.Length reference.Length

    /// <summary>SQuAD's F1 of the words of both texts in normal form; where one of them has no word, 1 if neither has one.</summary>
    let WordF1 (text: string, reference: string) : float =
        let parts (t: string) = (Normal t).Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let said, held = parts text, parts reference
        if said.Length = 0 || held.Length = 0 then (if said.Length = held.Length then 1.0 else 0.0) else shared said held

    /// <summary>ROUGE-N's F-measure: of the words' n-grams.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">n below 1.</exception>
    let RougeN (text: string, reference: string, n: int) : float =
        if n < 1 then
            raise (ArgumentOutOfRangeException(nameof n, n, "An n-gram has one word or more."))

        let grams (words: string[]) = if words.Length < n then [||] else Array.windowed n words |> Array.map (fun g -> String.Join(' ', g))
        shared (grams (words text)) (grams (words reference))

    /// <summary>ROUGE-L's F-measure: of the longest common subsequence of the texts' words.</summary>
    let RougeL (text: string, reference: string) : float =
        let a, b = words text, words reference
        let mutable previous = Array.zeroCreate (b.Length + 1)

        for x in a do
            let row = Array.zeroCreate (b.Length + 1)

            for j in 1 .. b.Length do
                row[j] <- if x = b[j - 1] then previous[j - 1] + 1 else max previous[j] row[j - 1]

            previous <- row

        harmonic previous[b.Length] a.Length b.Length
