namespace AlignGuard.Pipeline.Store;

/// <summary>The store could not do what was asked; the run is left resumable.</summary>
public sealed class StoreException(string message, Exception? cause = null) : Exception(message, cause);
