using System.Text;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Export;

/// <summary>What answers came from, so that a file of them is not gone on with by another model.</summary>
public static class AnswerOrigin
{
    /// <summary>Twelve digits of a hash over model, adapter (weights and configuration) and the longest answer.</summary>
    /// <param name="modelHash"><see cref="ModelHost.HashOf"/>.</param>
    /// <param name="adapter">PEFT folder; null = none.</param>
    public static string Of(string modelHash, string? adapter, int maxNewTokens)
    {
        var files = adapter is null ? [] : new[] { PeftAdapter.WeightsName, PeftAdapter.ConfigName }.Select(name => Hashing.Sha256(File.ReadAllBytes(Path.Combine(adapter, name))));
        return Hashing.Sha256(Encoding.UTF8.GetBytes($"{modelHash} {string.Join(' ', files)} {maxNewTokens}"))[..12];
    }
}
