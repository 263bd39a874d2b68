namespace AlignGuard.Models.Batches;

/// <summary>One tokenised example: the loss counts only tokens of the response.</summary>
/// <param name="Ids">Prompt and response tokens.</param>
/// <param name="IsResponse">Same length; true where the token is the model's to produce. The first token can never be predicted.</param>
public sealed record TokenRow(int[] Ids, bool[] IsResponse)
{
    /// <summary>What the encoder of an encoder–decoder reads; <see cref="Ids"/> are then the decoder's alone. Null for decoder-only models.</summary>
    public int[]? Source { get; init; }

    /// <summary>Tokens of the row, or of its source where that is longer.</summary>
    public int LongestSide => Math.Max(Ids.Length, Source?.Length ?? 0);

    /// <summary>Tokens the loss counts.</summary>
    public int ResponseTokens => IsResponse.Skip(1).Count(r => r);
}
