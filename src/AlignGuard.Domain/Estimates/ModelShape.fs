namespace AlignGuard.Domain.Estimates

open System
open System.Globalization
open AlignGuard.Domain.Spec

/// <summary>Which tokens of a row: an encoder reads the source, every other layer the target. A decoder-only model has no source.</summary>
[<RequireQualifiedAccess; Struct>]
type Side =
    | Source
    | Target

/// <summary>Tokens of a row on either side.</summary>
[<Struct>]
type Spans =
    { Source: int64
      Target: int64 }

    member s.Of(side: Side) = match side with Side.Source -> s.Source | Side.Target -> s.Target

/// <summary>A linear layer of every block: weight [Out, In].</summary>
type LinearShape =
    { /// Behind the block's own name: self_attn.q_proj.
      Name: string
      Out: int
      In: int
      /// Share of a batch's tokens that it is given: 1, or of an expert as many as reach it where a router spreads them evenly.
      Share: float
      Reads: Side }

/// <summary>Blocks of one kind on top of each other: a decoder, or an encoder.</summary>
type StackShape =
    { /// What stands before a block's names in the checkpoint; {0} is its number.
      BlockName: string
      Layers: int
      /// The linear layers of one block, in order of execution; of a mixture those of every expert.
      Block: LinearShape list
      /// Normalisations of the stream's width in a block.
      Norms: int
      Reads: Side
      /// Each block attends to the source too.
      Crosses: bool }

    /// <summary>A linear layer's whole name in the checkpoint.</summary>
    member s.NameOf(layer: int, l: LinearShape) = s.BlockName.Replace("{0}", layer.ToString CultureInfo.InvariantCulture, StringComparison.Ordinal) + l.Name

/// <summary>What memory and time of a model follow from: what its family makes of config.json.</summary>
type ModelShape =
    { Vocab: int
      Hidden: int
      Intermediate: int
      Heads: int
      KvHeads: int
      HeadDim: int
      /// The head is the embedding.
      Tied: bool
      /// Every parameter of the checkpoint; a tied head counts once.
      Parameters: int64
      /// One of a decoder-only model; encoder and decoder of a pair.
      Stacks: StackShape list
      /// Elements of the feed-forward part's width that its backward pass needs, a token: what the activation keeps, what a gate does, and the last layer's input.
      MlpKept: int
      /// Experts that a token is given to; 0 = there are none.
      ExpertsPerToken: int
      /// Copies of the attention's scores that a block keeps: 0 within a kernel that keeps none; where they are computed one by one, the shares and, capped, what the cap made.
      ScoresKept: int }

    member m.QueryWidth = m.Heads * m.HeadDim
    member m.KeyWidth = m.KvHeads * m.HeadDim
    member m.Layers = m.Stacks |> List.sumBy _.Layers
    member m.HasEncoder = m.Stacks |> List.exists (fun s -> s.Reads = Side.Source)

    /// <summary>Every stack's linear layers, and in how many blocks each is.</summary>
    member m.Linears = m.Stacks |> List.collect (fun s -> s.Block |> List.map (fun l -> l, s.Layers))

    /// <summary>The whole name of every block's linear layers, in the model's order.</summary>
    member m.NamedLinears = m.Stacks |> Seq.collect (fun s -> Seq.init s.Layers (fun layer -> s.Block |> Seq.map (fun l -> struct (s.NameOf(layer, l), l))) |> Seq.concat)

    /// <summary>Parameters that the tokens of a side are multiplied with: blocks and head, not the embedding's look-up; of experts those that a token reaches.</summary>
    member m.Multiplied(side: Side) =
        (m.Linears |> List.filter (fun (l, _) -> l.Reads = side) |> List.sumBy (fun (l, n) -> int64 n * int64 (l.Share * float l.Out * float l.In)))
        + (match side with Side.Source -> 0L | Side.Target -> int64 m.Vocab * int64 m.Hidden)

    /// <summary>Parameters that only the source's tokens meet.</summary>
    member m.OfSource = m.Linears |> List.filter (fun (l, _) -> l.Reads = Side.Source) |> List.sumBy (fun (l, n) -> int64 n * int64 l.Out * int64 l.In)

    /// <summary>Places for a key and a value in the cache of a row, over all blocks.</summary>
    member m.Cached(spans: Spans) =
        m.Stacks |> List.filter (fun s -> s.Reads = Side.Target) |> List.sumBy (fun s -> int64 s.Layers * (spans.Target + (if s.Crosses then spans.Source else 0L)))

    /// <summary>Layers with an adapter: those of a block, and the head where it is named. In how many blocks each has one stands beside it.</summary>
    member m.Adapted(targets: LoraTargets, exclude: LoraTargets) =
        let head = { Name = "lm_head"; Out = m.Vocab; In = m.Hidden; Share = 1.0; Reads = Side.Target }
        let isMeant name = targets.Names name && not (exclude.Names name)

        [ for s in m.Stacks do
              for l in s.Block do
                  match Seq.init s.Layers (fun layer -> s.NameOf(layer, l)) |> Seq.filter isMeant |> Seq.length with
                  | 0 -> ()
                  | n -> l, n
          if isMeant head.Name then head, 1 ]

    member m.Adapted(targets: LoraTargets) = m.Adapted(targets, LoraTargets.Named [||])

    member m.Adapted(lora: LoraSpec) = m.Adapted(lora.Targets, lora.Exclude)

    /// <summary>A Llama without biases.</summary>
    static member Llama(vocab: int, hidden: int, intermediate: int, layers: int, heads: int, kvHeads: int, headDim: int, tied: bool) : ModelShape =
        let linear name output input = { Name = name; Out = output; In = input; Share = 1.0; Reads = Side.Target }
        let query, key = heads * headDim, kvHeads * headDim

        let block =
            [ linear "self_attn.q_proj" query hidden
              linear "self_attn.k_proj" key hidden
              linear "self_attn.v_proj" key hidden
              linear "self_attn.o_proj" hidden query
              linear "mlp.gate_proj" intermediate hidden
              linear "mlp.up_proj" intermediate hidden
              linear "mlp.down_proj" hidden intermediate ]

        let inBlock = (block |> List.sumBy (fun l -> int64 l.Out * int64 l.In)) + 2L * int64 hidden

        { Vocab = vocab; Hidden = hidden; Intermediate = intermediate; Heads = heads; KvHeads = kvHeads; HeadDim = headDim; Tied = tied
          Parameters = int64 vocab * int64 hidden * (if tied then 1L else 2L) + int64 layers * inBlock + int64 hidden
          Stacks = [ { BlockName = "model.layers.{0}."; Layers = layers; Block = block; Norms = 2; Reads = Side.Target; Crosses = false } ]
          MlpKept = 4; ExpertsPerToken = 0; ScoresKept = 0 }
