module AlignGuard.Domain.Tests.Spec.NearestTests

open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Spec

[<Theory>]
[<InlineData("", "", 0)>]
[<InlineData("abc", "", 3)>]
[<InlineData("kitten", "sitting", 3)>]
[<InlineData("lambdA", "lambdaA", 1)>]
[<InlineData("stpes", "steps", 1)>]
[<InlineData("ca", "abc", 3)>]
let ``the distance has its known values`` (a: string, b: string, d: int) = Assert.Equal(d, Nearest.distance a b)

let private words = Gen.listOf (Gen.elements [ 'a'; 'b'; 'c' ]) |> Gen.map (List.truncate 8 >> Array.ofList >> System.String) |> Arb.fromGen

[<Property>]
let ``the distance is symmetric, zero only between equals, and at most the longer length`` () =
    Prop.forAll words (fun a ->
        Prop.forAll words (fun b ->
            let d = Nearest.distance a b
            d = Nearest.distance b a && (d = 0) = (a = b) && d <= max a.Length b.Length))

[<Fact>]
let ``a key with one letter missing is found again`` () =
    for path in Schema.paths do
        let dot = path.LastIndexOf '.'
        let leaf = path.Substring(dot + 1)

        if leaf.Length >= 4 then
            for i in 0 .. leaf.Length - 1 do
                let typo = path.Remove(dot + 1 + i, 1)

                if not (List.contains typo Schema.paths) then
                    match Nearest.path typo Schema.paths with
                    | Some found ->
                        // Another key may be as near: lambdaT from lambdaA without its last letter.
                        let distance (p: string) = Nearest.distance (p.ToLowerInvariant()) (typo.ToLowerInvariant())
                        Assert.True(distance found <= distance path, $"{typo} became {found}, not {path}")
                    | None -> failwith $"{typo} was not recognised as {path}"

[<Theory>]
[<InlineData("data.group_by_length", "data.groupByLength")>]
[<InlineData("train.group_by_length", "data.groupByLength")>]
[<InlineData("group_by_length", "data.groupByLength")>]
[<InlineData("packing", "data.packing")>]
[<InlineData("train.packing", "data.packing")>]
[<InlineData("sample_packing", "data.packing")>]
[<InlineData("data.sample_packing", "data.packing")>]
[<InlineData("train.weight_decay", "train.weightDecay")>]
[<InlineData("max_steps", "train.steps")>]
[<InlineData("data.max_rows", "")>]
[<InlineData("guard.foo_x", "")>]
[<InlineData("_", "")>]
let ``names that other programs give are found`` (written: string, expected: string) =
    Assert.Equal(expected, Nearest.path written Schema.paths |> Option.defaultValue "")
