namespace AlignGuard.Server.Runs;

/// <summary>What was asked for is not there. The message is a sentence for whoever asked.</summary>
public sealed class NotFoundException(string message) : Exception(message);

/// <summary>What was asked for contradicts what was decided before. The message is a sentence for whoever asked.</summary>
public sealed class ConflictException(string message) : Exception(message);
