using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>A store in memory that all processes of a simulation share, with what befalls real ones.</summary>
internal sealed class SimulatedStore(World world, IWeather weather)
{
    private sealed record Entry(byte[] Content, int Version);
    private sealed record Undo(TimeSpan At, string Name, Entry? Before);

    private readonly SortedDictionary<string, Entry> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Guid Id, TimeSpan Until)> _leases = [];
    private readonly List<Undo> _undo = [];
    private int _versions;

    public int Requests { get; private set; }
    public List<Fault> Happened { get; } = [];

    /// <summary>Sees every write of a name: for invariants that must hold at all times.</summary>
    public Action<string, byte[]>? Written { get; set; }

    public bool Leases { get; init; } = true;

    /// <summary>Nothing befalls it any more.</summary>
    public bool Calm { get; set; }

    public IArtifactStore For(Process process) => new View(this, process);

    public byte[]? Peek(string name) => _blobs.GetValueOrDefault(name)?.Content;

    private void Set(string name, byte[]? content)
    {
        _undo.Add(new Undo(world.Now, name, _blobs.GetValueOrDefault(name)));
        if (content is null) _blobs.Remove(name);
        else
        {
            _blobs[name] = new Entry(content, ++_versions);
            Written?.Invoke(name, content);
        }
    }

    private void Forget(TimeSpan since)
    {
        for (; _undo.Count > 0 && _undo[^1].At >= since; _undo.RemoveAt(_undo.Count - 1))
        {
            if (_undo[^1].Before is { } before) _blobs[_undo[^1].Name] = before;
            else _blobs.Remove(_undo[^1].Name);
        }
        _leases.Clear();
    }

    private void Rot()
    {
        var files = _blobs.Where(b => b.Value.Content.Length > 0 && b.Key.Contains("/segments/", StringComparison.Ordinal) && b.Key.EndsWith(".safetensors", StringComparison.Ordinal)).ToList();
        if (files.Count == 0) return;
        var (name, entry) = files[world.Random.Next(files.Count)];
        var rotten = (byte[])entry.Content.Clone();
        rotten[world.Random.Next(rotten.Length)] ^= 1;
        _blobs[name] = entry with { Content = rotten };
    }

    private async Task<T> RequestAsync<T>(Process process, Func<T> effect, Func<T, T>? repeated = null, Func<T, T>? truncated = null)
    {
        var fault = Calm ? Fault.None : weather.At(Requests++);
        if (fault != Fault.None) Happened.Add(fault);
        await process.WorkAsync(fault == Fault.Slow ? 90 : 0.05);
        switch (fault)
        {
            case Fault.CrashBefore:
                process.Kill();
                return await Process.Never<T>();
            case Fault.CrashAfter:
                effect();
                process.Kill();
                return await Process.Never<T>();
            case Fault.Busy:
                throw Failure("is busy");
            case Fault.Lost:
                effect();
                throw Failure("did not answer");
            case Fault.Rot:
                Rot();
                break;
            case Fault.Amnesia:
                Forget(world.Now - TimeSpan.FromSeconds(world.Random.NextDouble() * 10));
                throw Failure("went away");
            case Fault.LeasesLost:
                _leases.Clear();
                break;
            case Fault.ClockJump:
                process.Jump(TimeSpan.FromHours(48 * world.Random.NextDouble() - 24));
                break;
            case Fault.Full:
                throw new StorageFullException("The simulated store has no room left.");
            case Fault.Terminate:
                process.Stop.Cancel();
                break;
        }
        var result = effect();
        if (fault == Fault.Repeated && repeated is not null) result = repeated(result);
        if (fault == Fault.Truncated && truncated is not null) result = truncated(result);
        await process.WorkAsync(0.05);
        return result;
    }

    private static StoreException Failure(string what) => new($"The simulated store {what}.") { Transient = true };

    private sealed class View(SimulatedStore store, Process process) : IArtifactStore
    {
        public string Location => "simulation";
        public long? FreeBytes => null;

        public Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) =>
            store.RequestAsync(process, () =>
            {
                if (store._blobs.ContainsKey(name)) return false;
                store.Set(name, content.ToArray());
                return true;
            }, repeated: _ => false);

        public Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default) =>
            store.RequestAsync(process, () =>
            {
                if (store._blobs.GetValueOrDefault(name)?.Version.ToString() != ifMatch) return false;
                store.Set(name, content.ToArray());
                return true;
            }, repeated: _ => false);

        public Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default) =>
            store.RequestAsync(process, () =>
            {
                var held = store._blobs.GetValueOrDefault(name)?.Content ?? [];
                if (held.Length != at) return false;
                store.Set(name, [.. held, .. content.Span]);
                return true;
            }, repeated: _ => false);

        public Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) =>
            store.RequestAsync(process, () => store._blobs.GetValueOrDefault(name) is { } e ? new StoredBlob(e.Content, e.Version.ToString()) : null,
                truncated: blob => blob is null ? blob : blob with { Content = blob.Content[..(blob.Content.Length / 2)] });

        public Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) =>
            store.RequestAsync<IReadOnlyList<string>>(process, () => [.. store._blobs.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal))]);

        public Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default) =>
            store.RequestAsync(process, () =>
            {
                if (store._blobs.TryGetValue(name, out var held) && (ifMatch is null || held.Version.ToString() == ifMatch)) store.Set(name, null);
                return true;
            });

        public Task BreakLeaseAsync(string name, CancellationToken cancellation = default) => store.RequestAsync(process, () => store._leases.Remove(name));

        public Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default) =>
            store.RequestAsync<IStoreLease?>(process, () =>
            {
                if (store.Leases && store._leases.TryGetValue(name, out var held) && held.Until > store.Now) return null;
                var id = Guid.NewGuid();
                store._leases[name] = (id, store.Now + duration);
                return new Lease(store, process, name, id, duration);
            });
    }

    private TimeSpan Now => world.Now;

    private sealed class Lease(SimulatedStore store, Process process, string name, Guid id, TimeSpan duration) : IStoreLease
    {
        public Task<bool> RenewAsync(CancellationToken cancellation = default) => store.RequestAsync(process, () =>
        {
            if (!store.Leases) return true;
            if (!store._leases.TryGetValue(name, out var held) || held.Id != id) return false;
            store._leases[name] = (id, store.Now + duration);
            return true;
        });

        public async ValueTask DisposeAsync()
        {
            try
            {
                await store.RequestAsync(process, () => store._leases.TryGetValue(name, out var held) && held.Id == id && store._leases.Remove(name));
            }
            catch (StoreException)
            {
                // It ends by itself.
            }
        }
    }
}
