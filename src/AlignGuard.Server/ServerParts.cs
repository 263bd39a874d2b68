using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Triggers;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server;

/// <summary>What the server is made of besides its options: opened stores and the executors of its host.</summary>
public sealed class ServerParts
{
    /// <summary>Where runs and the queue lie.</summary>
    public required IArtifactStore Store { get; init; }

    /// <summary>Does the work of runs.</summary>
    public required IRunExecutor Runs { get; init; }

    /// <summary>Does the work of sweeps; null = schedules can start none.</summary>
    public ISweepExecutor? Sweeps { get; init; }

    /// <summary>What is watched for manifests.</summary>
    public IReadOnlyList<WatchedSource> Sources { get; init; } = [];

    /// <summary>Where events come from; null = from nowhere.</summary>
    public EventQueue? Events { get; init; }

    /// <summary>The clock of loops, waits and schedules.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where logs go; null = to standard error.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }

    /// <summary>Opens what the options name.</summary>
    /// <exception cref="UserFaultException">All problems of the options, or what they name is not there.</exception>
    /// <exception cref="StoreException">A container or queue cannot be reached.</exception>
    public static async Task<ServerParts> OpenAsync(ServerOptions options, IArtifactStore store, IRunExecutor runs, ISweepExecutor? sweeps = null, Action<ILoggingBuilder>? logging = null)
    {
        options.Validate();
        var sources = new List<WatchedSource>();
        foreach (var address in options.Watch) sources.Add(await WatchedSource.OpenAsync(address));
        var events = options.EventQueue is { } queue ? await EventQueueAddress.OpenAsync(queue) : null;
        return new ServerParts { Store = store, Runs = runs, Sweeps = sweeps, Sources = sources, Events = events, Logging = logging };
    }
}
