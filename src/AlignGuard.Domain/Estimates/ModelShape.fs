namespace AlignGuard.Domain.Estimates

open System
open System.Globalization
open AlignGuard.Domain.Spec

/// <summary>A linear layer of every block: weight [Out, In].</summary>
type LinearShape =
    { /// Behind the block's own name: self_attn.q_proj.
      Name: string
      Out: int
      In: int
      /// Share of a batch's tokens that it is given: 1, or of an expert as many as reach it where a router spreads them evenly.
      Share: float }

/// <summary>What memory and time of a decoder follow from: what its family makes of config.json.</summary>
type ModelShape =
    { Vocab: int
      Hidden: int
      Intermediate: int
      Layers: int
      Heads: int
      KvHeads: int
      HeadDim: int
      /// The head is the embedding.
      Tied: bool
      /// Every parameter of the checkpoint; a tied head counts once.
      Parameters: int64
      /// What stands before a block's names in the checkpoint; {0} is its number.
      BlockName: string
      /// The linear layers of one block, in order of execution; of a mixture those of every expert.
      Block: LinearShape list
      /// Elements of the feed-forward part's width that its backward pass needs, a token: what the activation keeps, what a gate does, and the last layer's input.
      MlpKept: int
      /// Normalisations of the stream's width in a block.
      Norms: int
      /// Experts that a token is given to; 0 = there are none.
      ExpertsPerToken: int
      /// Attention's scores are computed one by one, not within a kernel that keeps none: they are capped.
      KeepsScores: bool }

    member m.QueryWidth = m.Heads * m.HeadDim
    member m.KeyWidth = m.KvHeads * m.HeadDim

    /// <summary>Parameters that a token is multiplied with: blocks and head, not the embedding's look-up; of experts those that it reaches.</summary>
    member m.Multiplied =
        int64 m.Layers * int64 (m.Block |> List.sumBy (fun l -> l.Share * float l.Out * float l.In)) + int64 m.Vocab * int64 m.Hidden

    /// <summary>A linear layer's whole name in the checkpoint.</summary>
    member m.NameOf(layer: int, l: LinearShape) = m.BlockName.Replace("{0}", layer.ToString CultureInfo.InvariantCulture, StringComparison.Ordinal) + l.Name

    /// <summary>Layers with an adapter: those of a block, and the head where it is named. In how many blocks each has one stands beside it.</summary>
    member m.Adapted(targets: LoraTargets, exclude: LoraTargets) =
        let head = { Name = "lm_head"; Out = m.Vocab; In = m.Hidden; Share = 1.0 }
        let isMeant name = targets.Names name && not (exclude.Names name)

        [ for l in m.Block do
              match Seq.init m.Layers (fun layer -> m.NameOf(layer, l)) |> Seq.filter isMeant |> Seq.length with
              | 0 -> ()
              | n -> l, n
          if isMeant head.Name then head, 1 ]

    member m.Adapted(targets: LoraTargets) = m.Adapted(targets, LoraTargets.Named [||])

    member m.Adapted(lora: LoraSpec) = m.Adapted(lora.Targets, lora.Exclude)

    /// <summary>A Llama without biases.</summary>
    static member Llama(vocab: int, hidden: int, intermediate: int, layers: int, heads: int, kvHeads: int, headDim: int, tied: bool) : ModelShape =
        let linear name output input = { Name = name; Out = output; In = input; Share = 1.0 }
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

        { Vocab = vocab; Hidden = hidden; Intermediate = intermediate; Layers = layers; Heads = heads; KvHeads = kvHeads; HeadDim = headDim; Tied = tied
          Parameters = int64 vocab * int64 hidden * (if tied then 1L else 2L) + int64 layers * inBlock + int64 hidden
          BlockName = "model.layers.{0}."; Block = block; MlpKept = 4; Norms = 2; ExpertsPerToken = 0; KeepsScores = false }
