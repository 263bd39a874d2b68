namespace AlignGuard.Domain.Spec

open System

/// Suggestions for a misspelt key or value.
module internal Nearest =

    /// Damerau-Levenshtein distance (restricted: adjacent transpositions once): insertions, deletions, substitutions, swaps.
    let distance (a: string) (b: string) =
        let d = Array2D.zeroCreate (a.Length + 1) (b.Length + 1)
        for i in 0 .. a.Length do d[i, 0] <- i
        for j in 0 .. b.Length do d[0, j] <- j

        for i in 1 .. a.Length do
            for j in 1 .. b.Length do
                let cost = if a[i - 1] = b[j - 1] then 0 else 1
                d[i, j] <- min (min (d[i - 1, j] + 1) (d[i, j - 1] + 1)) (d[i - 1, j - 1] + cost)
                if i > 1 && j > 1 && a[i - 1] = b[j - 2] && a[i - 2] = b[j - 1] then
                    d[i, j] <- min d[i, j] (d[i - 2, j - 2] + 1)

        d[a.Length, b.Length]

    /// A third of the letters may be wrong, one at least.
    let private tolerance (word: string) = max 1 (word.Length / 3)

    /// Words beyond this length are no misspelling of ours, and the table above is quadratic.
    let private longest = 64

    let private folded (a: string) (b: string) = distance (a.ToLowerInvariant()) (b.ToLowerInvariant())

    /// The nearest of some values, if any is near.
    let value (written: string) (known: string list) =
        if written.Length > longest then None
        else
            match known |> List.map (fun k -> folded written k, k) with
            | [] -> None
            | scored ->
                let d, best = List.minBy fst scored
                if d <= tolerance best then Some best else None

    let private split (path: string) =
        match path.LastIndexOf '.' with
        | -1 -> "", path
        | i -> path.Substring(0, i), path.Substring(i + 1)

    let private nearestPath (written: string) (known: string list) =
        let group, leaf = split written

        if leaf.Length > longest then None
        else
            let scored =
                known
                |> List.map (fun k ->
                    let g, l = split k
                    let d = folded leaf l
                    // In another group only a near-exact name is a likely slip.
                    let near = if g = group then d <= tolerance l else d <= min 1 (l.Length / 4)
                    near, (2 * d + (if g = group then 0 else 1)), k)
                |> List.filter (fun (near, _, _) -> near)

            match scored with
            | [] -> None
            | _ -> scored |> List.minBy (fun (_, score, _) -> score) |> fun (_, _, k) -> Some k

    /// A name of other programs' making, words joined by underscores: tried without them, and then, letter by letter, without its first words.
    /// train.group_by_length is data.groupByLength, sample_packing is data.packing.
    let private ofWords group (words: string[]) (known: string list) =
        let whole = String.Join("", words)

        let ends =
            [ for first in 1 .. words.Length - 1 do
                  let tail = String.Join("", Array.skip first words)
                  if tail.Length >= 4 then tail ]

        let named (tail: string) =
            known
            |> List.tryFind (fun k ->
                let g, l = split k
                (group = "" || g = group) && String.Equals(l, tail, StringComparison.OrdinalIgnoreCase))

        match nearestPath (if group = "" then whole else group + "." + whole) known with
        | None -> List.tryPick named ends
        | found -> found

    /// The nearest of the known paths: compares last names, prefers the same group, and else finds a key put into the wrong group.
    let path (written: string) (known: string list) =
        let group, leaf = split written

        match nearestPath written known with
        | None when leaf.Contains '_' && leaf.Length <= longest -> ofWords group (leaf.Split('_', StringSplitOptions.RemoveEmptyEntries)) known
        | found -> found
