module AlignGuard.Domain.Tests.Benchmark.DrawTests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open AlignGuard.Domain.Benchmark

let private counts (supply: NonNegativeInt list) = supply |> List.map (fun n -> n.Get % 50) |> Array.ofList

[<Property>]
let ``equal shares add up and differ by one at most`` (NonNegativeInt total) (PositiveInt parts) =
    let shares = Quota.Equal(total, parts % 20 + 1)
    Seq.sum shares = total && Seq.max shares - Seq.min shares <= 1

[<Property>]
let ``fair shares give all there is or all that is asked, none more than it has, and no one less while another has more`` (NonNegativeInt total) (supply: NonNegativeInt list) =
    let have = counts supply
    let total = total % 400
    let shares = Quota.Fair(total, have)
    let largest = if shares.Count = 0 then 0 else Seq.max shares
    Seq.sum shares = min total (Array.sum have)
    && Seq.forall2 (fun share h -> share <= h) shares have
    // Whoever gets less than the largest share by more than one gives all it has.
    && Seq.forall2 (fun share h -> share >= largest - 1 || share = h) shares have

let private candidates seed =
    let random = Random(seed: int)
    [| for n in 0 .. random.Next 60 ->
           { Strata = [| $"s{random.Next 3}"; $"t{random.Next 4}" |]; Rank = uint64 (random.NextInt64()); Id = $"{n}"; Item = n } |]

[<Property>]
let ``a draw has so many, none twice, and does not know the candidates' order`` (seed: int) (NonNegativeInt count) =
    let all = candidates seed
    let count = count % 70
    let drawn = Draw.Fair(count, all)
    let again = Draw.Fair(count, Array.rev all)
    drawn.Count = min count all.Length && Seq.distinct drawn |> Seq.length = drawn.Count && Seq.toArray drawn = Seq.toArray again

[<Property>]
let ``the widest strata share a draw fairly`` (seed: int) (NonNegativeInt count) =
    let all = candidates seed
    let count = count % 70
    let strata = all |> Array.groupBy (fun c -> c.Strata[0]) |> Array.sortWith (fun (a, _) (b, _) -> String.CompareOrdinal(a, b))
    let drawn = Draw.Fair(count, all) |> Set.ofSeq
    let got = strata |> Array.map (fun (_, members) -> members |> Array.filter (fun m -> drawn.Contains m.Item) |> Array.length)
    got = Seq.toArray (Quota.Fair(min count all.Length, strata |> Array.map (fun (_, m) -> m.Length)))

[<Property>]
let ``of evenly spread lists every prefix has each in its proportion, to within one`` (sizes: NonNegativeInt list) =
    let lists = counts sizes |> Array.mapi (fun l n -> Array.init n (fun i -> l, i) :> Collections.Generic.IReadOnlyList<_>)
    let spread = Spread.Evenly lists |> Seq.toArray
    let total = spread.Length
    spread.Length = (lists |> Array.sumBy _.Count)
    && lists |> Array.indexed |> Array.forall (fun (l, list) -> Seq.toArray (spread |> Seq.filter (fun (of', _) -> of' = l)) = Seq.toArray list)
    && [ 1..total ] |> List.forall (fun k ->
        lists |> Array.indexed |> Array.forall (fun (l, list) ->
            let has = spread |> Seq.take k |> Seq.filter (fun (of', _) -> of' = l) |> Seq.length
            abs (float has - float k * float list.Count / float total) <= float lists.Length / 2.0 + 1.0))

[<Fact>]
let ``ten thousand prompts need half of them unsafe, in six equal parts`` () =
    let supplies = Shortage.Supplies(10_000, [| 900; 100; 833; 0; 2000; 833 |], 4000)
    Assert.Equal<int>([ 834; 834; 833; 833; 833; 833; 5000 ], supplies |> Seq.map _.Need)
    Assert.Equal<int>([ 0; 734; 0; 833; 0; 0; 1000 ], supplies |> Seq.map _.Missing)
    Assert.Equal(2567, Shortage.Missing supplies)
    Assert.Equal(3, Shortage.Supplies(5, Array.zeroCreate 6, 0) |> Seq.filter (fun s -> s.Label = "unsafe") |> Seq.sumBy _.Need)
