using AlignGuard.Pipeline.Cloud;
using AlignGuard.Server.Cloud;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace AlignGuard.Server.Tests.Cloud;

/// <summary>The handlers as a host that is called has them, over a folder and a task hub that does nothing by itself.</summary>
internal sealed class CloudFixture : IDisposable
{
    private readonly ServiceProvider _services;

    public CloudFixture(IReadOnlyList<WatchedSource>? sources = null, string? schedules = null)
    {
        Hub = new FakeHub(Time);
        var services = new ServiceCollection().AddLogging(logging => logging.AddProvider(Log)).AddRouting().AddSingleton<IOrchestrations>(Hub);
        _services = services.AddAlignGuardHandlers(Folder.Store, sources ?? [], schedules, new Limits(), Time).BuildServiceProvider(validateScopes: true);
    }

    public ServerFolder Folder { get; } = new();
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 30, TimeSpan.Zero));
    public FakeHub Hub { get; }
    public CollectedLog Log { get; } = new();
    public IServiceProvider Services => _services;
    public Dispatcher Dispatcher => _services.GetRequiredService<Dispatcher>();
    public TriggerDesk Triggers => _services.GetRequiredService<TriggerDesk>();
    public RunQueue Queue => _services.GetRequiredService<RunQueue>();
    public RunHandlers Handlers => _services.GetRequiredService<RunHandlers>();
    public HttpDesk Http => _services.GetRequiredService<HttpDesk>();

    /// <summary>A job from outside, which names everything by reference.</summary>
    public static string Yaml(string name = "job") => Jobs.Yaml(name, model: "store://account/models/m");

    public void Dispose()
    {
        _services.Dispose();
        Folder.Dispose();
    }
}
