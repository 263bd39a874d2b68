namespace AlignGuard.Domain.Estimates

/// <summary>What a run would be worked on by. The figures are the makers' data sheets, dense (no sparsity).</summary>
type Device =
    { Name: string
      MemoryBytes: int64
      /// Multiplications and additions a second in bfloat16; 0 = it does not compute with it.
      HalfFlops: float
      /// The same in float32.
      FullFlops: float
      /// Bytes a second.
      Bandwidth: float
      /// US dollars; a planning figure (docs/azure.md says of when), not a quotation.
      PricePerHour: float }

module Device =
    let private gib n = int64 n * 1024L * 1024L * 1024L

    /// <summary>Those that <c>--gpu</c> knows.</summary>
    let known =
        [ { Name = "t4"; MemoryBytes = gib 16; HalfFlops = 0.0; FullFlops = 8.1e12; Bandwidth = 300e9; PricePerHour = 1.0 }
          { Name = "a10"; MemoryBytes = gib 24; HalfFlops = 125e12; FullFlops = 31.2e12; Bandwidth = 600e9; PricePerHour = 2.0 }
          { Name = "a100-40"; MemoryBytes = gib 40; HalfFlops = 312e12; FullFlops = 19.5e12; Bandwidth = 1555e9; PricePerHour = 3.0 }
          { Name = "a100-80"; MemoryBytes = gib 80; HalfFlops = 312e12; FullFlops = 19.5e12; Bandwidth = 1935e9; PricePerHour = 4.0 }
          { Name = "h100"; MemoryBytes = gib 80; HalfFlops = 989e12; FullFlops = 67e12; Bandwidth = 3350e9; PricePerHour = 7.0 }
          { Name = "h200"; MemoryBytes = gib 141; HalfFlops = 989e12; FullFlops = 67e12; Bandwidth = 4800e9; PricePerHour = 9.0 } ]

    let find name = known |> List.tryFind (fun d -> d.Name = name)
