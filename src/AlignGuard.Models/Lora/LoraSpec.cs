namespace AlignGuard.Models.Lora;

/// <summary>Size and place of a LoRA adapter (PEFT's names).</summary>
public sealed record LoraSpec
{
    public int Rank { get; init; } = 8;
    public double Alpha { get; init; } = 16;
    /// <summary>On the adapter's input while training, 0..1.</summary>
    public double Dropout { get; init; }
    /// <summary>Scale alpha/√r in place of alpha/r (rank-stabilised LoRA).</summary>
    public bool RankStabilised { get; init; }
    /// <summary>DoRA (arXiv 2402.09353): W = m · (W0 + dW)/‖W0 + dW‖, the norm m of every output's weights trained by itself.</summary>
    public bool Dora { get; init; }
    /// <summary><c>all-linear</c> (every linear but the head, as in PEFT), module names or their last parts, or one regular expression for whole names.</summary>
    public ModuleNames Targets { get; init; } = ["all-linear"];
    /// <summary>Of the targets those that get none.</summary>
    public ModuleNames Exclude { get; init; } = [];

    /// <summary>s in y = W0 x + s·B(A x).</summary>
    public double Scale => RankStabilised ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;
}
