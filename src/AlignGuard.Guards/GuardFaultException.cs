namespace AlignGuard.Guards;

/// <summary>A numerical check of a guard failed. The message carries the figure; nothing falls back silently.</summary>
public sealed class GuardFaultException(string message) : Exception(message);
