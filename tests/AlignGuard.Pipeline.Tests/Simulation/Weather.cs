namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>What may happen at one request to the store.</summary>
internal enum Fault
{
    None,
    /// <summary>The process dies before the request arrives.</summary>
    CrashBefore,
    /// <summary>The process dies after it took effect.</summary>
    CrashAfter,
    /// <summary>503: nothing happened.</summary>
    Busy,
    /// <summary>500 after it took effect: nobody knows.</summary>
    Lost,
    /// <summary>Its answer is lost, the client asks again, and is told that it came second.</summary>
    Repeated,
    /// <summary>A body that ends early.</summary>
    Truncated,
    /// <summary>A stored file rots: one bit of it changes.</summary>
    Rot,
    /// <summary>The store is killed and comes back without what it took in the last seconds.</summary>
    Amnesia,
    /// <summary>All leases end.</summary>
    LeasesLost,
    /// <summary>SIGTERM.</summary>
    Terminate,
    /// <summary>The answer takes longer than a lease lasts.</summary>
    Slow,
    /// <summary>The process's clock is set, forwards or back, by up to a day.</summary>
    ClockJump,
    /// <summary>There is no room: nothing happened, and trying again at once does not help.</summary>
    Full,
}

/// <summary>Decides what happens at the n-th request.</summary>
internal interface IWeather
{
    Fault At(int request);
}

/// <summary>Each seed has its own shares of faults; after many requests it clears up, so that runs can end.</summary>
internal sealed class SeededWeather : IWeather
{
    // Damage that comes back for ever is a broken disk, which no protocol mends: a few per run.
    private const int ClearsUpAfter = 600;
    private readonly Random _random;
    private readonly (Fault Fault, double Share)[] _shares;

    public SeededWeather(Random random)
    {
        _random = random;
        _shares = [.. Enum.GetValues<Fault>().Where(f => f != Fault.None && random.Next(2) == 0).Select(f => (f, random.NextDouble() * Most(f)))];
    }

    public Fault At(int request)
    {
        if (request > ClearsUpAfter) return Fault.None;
        var dice = _random.NextDouble();
        foreach (var (fault, share) in _shares)
            if ((dice -= share) < 0) return fault;
        return Fault.None;
    }

    private static double Most(Fault fault) => fault switch
    {
        Fault.Rot or Fault.Amnesia or Fault.LeasesLost => 0.01,
        Fault.CrashBefore or Fault.CrashAfter or Fault.Terminate or Fault.Slow or Fault.ClockJump or Fault.Full => 0.03,
        _ => 0.08,
    };
}

/// <summary>What a test wrote down: at which requests something happens.</summary>
internal sealed class ScriptedWeather(IReadOnlyDictionary<int, Fault> script) : IWeather
{
    public Fault At(int request) => script.GetValueOrDefault(request, Fault.None);
}
