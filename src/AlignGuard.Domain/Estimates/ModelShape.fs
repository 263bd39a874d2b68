namespace AlignGuard.Domain.Estimates

open System
open AlignGuard.Domain.Spec

/// <summary>A linear layer: weight [Out, In].</summary>
type LinearShape = { Name: string; Out: int; In: int; Bias: bool }

/// <summary>What memory and time of a decoder follow from: the shapes in its config.json.</summary>
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
      AttentionBias: bool
      MlpBias: bool }

    member m.QueryWidth = m.Heads * m.HeadDim
    member m.KeyWidth = m.KvHeads * m.HeadDim

    /// <summary>The linear layers of one block, in order of execution.</summary>
    member m.Block =
        let linear name output input bias = { Name = name; Out = output; In = input; Bias = bias }

        [ linear "q_proj" m.QueryWidth m.Hidden m.AttentionBias
          linear "k_proj" m.KeyWidth m.Hidden m.AttentionBias
          linear "v_proj" m.KeyWidth m.Hidden m.AttentionBias
          linear "o_proj" m.Hidden m.QueryWidth m.AttentionBias
          linear "gate_proj" m.Intermediate m.Hidden m.MlpBias
          linear "up_proj" m.Intermediate m.Hidden m.MlpBias
          linear "down_proj" m.Hidden m.Intermediate m.MlpBias ]

    /// <summary>Every parameter of the checkpoint; a tied head counts once.</summary>
    member m.Parameters =
        let linear l = int64 l.Out * int64 l.In + (if l.Bias then int64 l.Out else 0L)
        let embedding = int64 m.Vocab * int64 m.Hidden
        let block = (m.Block |> List.sumBy linear) + 2L * int64 m.Hidden
        embedding * (if m.Tied then 1L else 2L) + int64 m.Layers * block + int64 m.Hidden

    /// <summary>Parameters that every token is multiplied with: blocks and head, not the embedding's look-up.</summary>
    member m.Multiplied =
        int64 m.Layers * (m.Block |> List.sumBy (fun l -> int64 l.Out * int64 l.In)) + int64 m.Vocab * int64 m.Hidden

    /// <summary>
    /// Layers with an adapter: those of a block, each in all blocks, and the head where it is named alone. How often each occurs stands beside it.
    /// </summary>
    member m.Adapted(targets: LoraTargets) =
        let head = { Name = "lm_head"; Out = m.Vocab; In = m.Hidden; Bias = false }

        /// A name may say one block (model.layers.3.mlp.up_proj) or all of them (up_proj, mlp.up_proj).
        let count (names: string[]) l =
            let meant = names |> Array.filter (fun n -> n = "all-linear" || n = l.Name || n.EndsWith("." + l.Name, StringComparison.Ordinal)) |> Array.distinct
            let whole, one = meant |> Array.partition (fun n -> not (n.StartsWith("model.layers.", StringComparison.Ordinal)))
            if whole.Length > 0 then m.Layers else one.Length

        match targets with
        | LoraTargets.AllLinear -> [ for l in m.Block -> l, m.Layers ]
        | LoraTargets.Named names ->
            [ for l in m.Block do
                  match count names l with
                  | 0 -> ()
                  | n -> l, n
              if Array.contains "lm_head" names then head, 1 ]
