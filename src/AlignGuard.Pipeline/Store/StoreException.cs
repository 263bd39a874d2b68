namespace AlignGuard.Pipeline.Store;

/// <summary>The store could not do what was asked; the run is left resumable.</summary>
public class StoreException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True where trying again later may help: the service is away or overloaded. False = somebody has to do something.</summary>
    public bool Transient { get; init; }
}

/// <summary>No room is left, or a quota is used up: nothing but a person helps. The run is left resumable.</summary>
public sealed class StorageFullException(string message, Exception? cause = null) : StoreException(message, cause);

/// <summary>Something in the store was written by another program, or by a newer version of this one: it is left alone.</summary>
public sealed class ForeignArtifactException(string message) : StoreException(message);
