using System.Collections.Concurrent;

namespace AlignGuard.Server.Hosting;

/// <summary>Which of the server's loops are alive: each says so on every turn, and one that has been silent for too long is not.</summary>
public sealed class LoopHealth(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Heart> _hearts = new(StringComparer.Ordinal);

    /// <param name="interval">Between two turns; a loop may take three times as long and a minute.</param>
    public Heart Register(string name, TimeSpan interval) => _hearts[name] = new Heart(this, name, interval * 3 + TimeSpan.FromMinutes(1));

    /// <summary>Of the loops that are watched over, ordinal order.</summary>
    public IReadOnlyList<string> Names => [.. _hearts.Keys.Order(StringComparer.Ordinal)];

    /// <summary>A sentence for every loop that is not alive.</summary>
    public IReadOnlyList<string> Problems() =>
        [.. _hearts.Values.Where(h => time.GetUtcNow() - h.Last > h.Longest).OrderBy(h => h.Name, StringComparer.Ordinal)
            .Select(h => $"The loop '{h.Name}' has not turned since {h.Last:u}. Look into the log; restart the server if it does not come back.")];

    /// <summary>Of one loop; disposed when the loop has ended.</summary>
    public sealed class Heart(LoopHealth health, string name, TimeSpan longest) : IDisposable
    {
        private long _ticks = health.Now;

        internal string Name => name;
        internal TimeSpan Longest => longest;
        internal DateTimeOffset Last => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

        public void Beat() => Volatile.Write(ref _ticks, health.Now);

        /// <summary>A loop that has ended because the host stops is not dead.</summary>
        public void Dispose() => health._hearts.TryRemove(name, out _);
    }

    private long Now => time.GetUtcNow().UtcTicks;
}
