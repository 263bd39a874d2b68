using System.Net;
using System.Text.Json.Serialization;
using AlignGuard.Models;
using AlignGuard.Server.Hosting;
using AlignGuard.Server.Http;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Telemetry;
using AlignGuard.Server.Triggers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server;

/// <summary>
/// The way in: options and parts in, an application out. Run it with <c>RunAsync()</c>: SIGTERM and Ctrl-C stop it, which is passed on to the executors and waited for.
/// </summary>
public static class ServerHost
{
    /// <summary>Nothing listens yet when this returns.</summary>
    /// <exception cref="UserFaultException">All problems of the options.</exception>
    public static WebApplication Build(ServerOptions options, ServerParts parts)
    {
        options.Validate();
        // Empty: no settings file and no variable of the environment can open another port or switch something off.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "AlignGuard.Server", EnvironmentName = Environments.Production });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.MaxBytes;
            kestrel.Listen(IPAddress.Parse(options.Address), options.Port);
        });
        // The framework is quiet (its requests' lines repeat what callers wrote), but says where it listens and that it stops.
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning)
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        if (parts.Logging is { } logging) logging(builder.Logging);
        else builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        AddServices(builder.Services, options, parts);
        Export.Add(builder, Environment.GetEnvironmentVariables());
        var app = builder.Build();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<AccessGate>();
        app.UseRouting();
        app.UseRateLimiter();
        RunEndpoints.Map(app);
        HealthEndpoints.Map(app);
        app.MapOpenApi(ApiDescription.Address);
        return app;
    }

    private static void AddServices(IServiceCollection services, ServerOptions options, ServerParts parts)
    {
        services.AddRouting();
        services.AddOpenApi(ApiDescription.Configure);
        services.AddRateLimiter(limiter => PostLimit.Configure(limiter, options.PostsPerMinute));
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopWait);
        services.AddSingleton(options).AddSingleton(parts.Time).AddSingleton(parts.Store).AddSingleton(parts.Runs);
        services.AddSingleton<LoopHealth>().AddSingleton<ServerMetrics>();
        services.AddSingleton(new JobPolicy(options.ModelsFolder));
        services.AddSingleton<RunQueue>().AddSingleton<RunHandlers>();
        services.AddSingleton(s => new RunAttempt(s.GetRequiredService<RunQueue>(), s.GetRequiredService<JobPolicy>(), parts.Runs, parts.Sweeps, parts.Time));
        services.AddHostedService<RunWorker>();
        AddTriggers(services, options, parts);
    }

    private static void AddTriggers(IServiceCollection services, ServerOptions options, ServerParts parts)
    {
        services.AddSingleton(parts.Sources).AddSingleton<TriggerLedger>().AddSingleton<ManifestReader>().AddSingleton<TriggerIntake>();
        if (parts.Sources.Count > 0) services.AddHostedService<ContainerWatcher>();
        if (parts.Events is { } events) services.AddSingleton(events).AddHostedService<QueueWatcher>();
        if (options.ScheduleFile is not { } file) return;
        services.AddSingleton(ScheduleFile.Load(file));
        services.AddHostedService<Scheduler>();
    }
}
