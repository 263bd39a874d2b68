namespace AlignGuard.Domain.Tests.Statistics

open FsCheck.FSharp
open AlignGuard.Domain.Statistics

/// Generators of paired tables: small ones for the corners, large ones as DriftCheck makes them.
module Tables =

    let table (a, b, c, d) : PairedCounts = { Both = a; OnlyBaseline = b; OnlyTuned = c; Neither = d }

    let private cell = Gen.frequency [ 2, Gen.constant 0; 3, Gen.choose (0, 5); 3, Gen.choose (0, 100); 2, Gen.choose (0, 5000) ]

    let counts =
        Gen.map4 (fun a b c d -> table (a, b, c, d)) cell cell cell cell |> Gen.filter _.IsConsistent

    let confidence = Gen.elements [ 0.6; 0.8; 0.9; 0.95; 0.975 ]

    type Arbitraries =
        static member Counts() = Arb.fromGen counts
        static member Confidence() = Arb.fromGen (Gen.map Confidence confidence)
        static member Unit() = Arb.fromGen (Gen.map (fun n -> Probability(float n / 100_000.0)) (Gen.choose (1, 99_999)))

    and Confidence = Confidence of float
    and Probability = Probability of float
