using AlignGuard.Pipeline.Cloud;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AlignGuard.Hosts;

/// <summary>Traces, metrics and logs to Application Insights, signed in to by identity; nowhere without its connection string.</summary>
internal static class Telemetry
{
    // The engine's own source, and the server's.
    private static readonly string[] Sources = ["Microsoft.DurableTask", "AlignGuard"];

    public static void Add(IServiceCollection services, CloudSettings settings)
    {
        // The engine repeats itself; what the hosts say is for people.
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information));
        if (settings.Insights is not { } insights) return;
        var credential = new DefaultAzureCredential();
        services.AddOpenTelemetry()
            .WithTracing(t => t.AddSource(Sources).AddAzureMonitorTraceExporter(Configure))
            .WithMetrics(m => m.AddMeter(Sources).AddAzureMonitorMetricExporter(Configure))
            .WithLogging(l => l.AddAzureMonitorLogExporter(Configure));

        void Configure(AzureMonitorExporterOptions options) => (options.ConnectionString, options.Credential) = (insights, credential);
    }
}
