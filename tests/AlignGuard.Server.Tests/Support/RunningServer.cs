using System.Net.Http.Headers;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Triggers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Tests.Support;

/// <summary>A folder with a store and one base model.</summary>
internal sealed class ServerFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("alignguard-server-").FullName;

    public ServerFolder()
    {
        Directory.CreateDirectory(Path.Combine(Models, "base"));
        Store = new FolderStore(Path.Combine(Root, "store"));
    }

    public string Models => Path.Combine(Root, "models");

    public FolderStore Store { get; }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>The real server on a free port of the loopback.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningServer(WebApplication app, FakeExecutor executor, CollectedLog log)
    {
        (_app, Executor, Log) = (app, executor, log);
        Uri = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.FirstOrDefault() ?? "http://127.0.0.1:0");
        Http = new HttpClient { BaseAddress = Uri };
    }

    public FakeExecutor Executor { get; }
    public CollectedLog Log { get; }
    public Uri Uri { get; }
    public HttpClient Http { get; }
    public IServiceProvider Services => _app.Services;
    public RunHandlers Handlers => Services.GetRequiredService<RunHandlers>();

    public static async Task<RunningServer> StartAsync(ServerFolder folder, string? token = null, Func<Job, CancellationToken, Task>? work = null, IReadOnlyList<WatchedSource>? sources = null,
        EventQueue? events = null, TimeProvider? time = null, int concurrency = 1, int postsPerMinute = 100_000, string? schedules = null, ISweepExecutor? sweeps = null, IArtifactStore? store = null, bool loops = true)
    {
        var log = new CollectedLog();
        var executor = new FakeExecutor(folder.Store) { Instead = work };
        var options = new ServerOptions { Port = 0, Token = token, ModelsFolder = folder.Models, Concurrency = concurrency, PostsPerMinute = postsPerMinute, ScanInterval = TimeSpan.FromSeconds(1), ScheduleFile = schedules };
        var parts = new ServerParts
        {
            Store = store ?? folder.Store, Runs = executor, Sweeps = sweeps, Sources = sources ?? [], Events = events, Time = time ?? TimeProvider.System,
            Logging = logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log),
        };
        var app = ServerHost.Build(options, parts);
        // Without its loops nothing happens but what a test asks for.
        if (loops) await app.StartAsync();
        var server = new RunningServer(app, executor, log);
        if (token is not null) server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
