namespace AlignGuard.Models.Safetensors;

/// <summary>What a header may ask for at most. All far above what any published checkpoint has.</summary>
public static class SafetensorsLimits
{
    /// <summary>25 MB; the format itself allows 100 MB.</summary>
    public const long MaxHeaderBytes = 25_000_000;

    public const int MaxTensors = 100_000;

    /// <summary>In UTF-16 code units.</summary>
    public const int MaxNameLength = 1024;

    /// <summary>The largest rank that torch's iterators take.</summary>
    public const int MaxRank = 64;
}
