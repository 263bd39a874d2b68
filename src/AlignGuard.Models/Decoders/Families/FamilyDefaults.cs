namespace AlignGuard.Models.Decoders.Families;

/// <summary>What a family takes where its config.json leaves a key out: transformers leaves out what equals a default, so a wrong one changes the model.</summary>
/// <param name="Positions"><c>max_position_embeddings</c>.</param>
/// <param name="KvHeads"><c>num_key_value_heads</c>; null = as many as there are heads.</param>
/// <param name="HeadDim"><c>head_dim</c>; null = hidden / heads.</param>
internal sealed record FamilyDefaults(int Positions, int? BosId, int? EosId, int? PadId = null, int? KvHeads = null, int? HeadDim = null, double NormEps = 1e-6, double RopeTheta = 10000, bool Tied = false);
