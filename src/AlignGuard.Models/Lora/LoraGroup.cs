using AlignGuard.Models.Decoders;
using TorchSharp.Modules;

namespace AlignGuard.Models.Lora;

/// <summary>
/// The factors of all adapted layers of one shape, in two tensors. Stacked this way the optimizer and the penalties work on a handful of
/// tensors instead of hundreds, in batched products; the forward pass takes views.
/// </summary>
/// <param name="Out">o.</param>
/// <param name="In">i.</param>
/// <param name="Sites">The n layers, in order of execution.</param>
/// <param name="A">[n, r, i].</param>
/// <param name="B">[n, o, r].</param>
public sealed record LoraGroup(int Out, int In, IReadOnlyList<LinearSite> Sites, Parameter A, Parameter B);
