using System.Collections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AlignGuard.Server.Telemetry;

/// <summary>Export of metrics and traces by OTLP; nothing leaves the process unless the environment names a collector.</summary>
internal static class Export
{
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <param name="environment">Where the standard variables (OTEL_...) are read from.</param>
    public static void Add(WebApplicationBuilder builder, IDictionary environment)
    {
        if (string.IsNullOrWhiteSpace(environment[EndpointVariable] as string)) return;
        // The host reads no other part of the environment as configuration: a variable of any other name cannot change what it does.
        builder.Configuration.AddInMemoryCollection(environment.Cast<DictionaryEntry>().Where(e => e.Key is string name && name.StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(e => new KeyValuePair<string, string?>((string)e.Key, e.Value as string)));
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("alignguard"))
            .WithMetrics(metrics => metrics.AddMeter(ServerMetrics.Name).AddAspNetCoreInstrumentation().AddOtlpExporter())
            .WithTracing(traces => traces.AddSource(ServerMetrics.Name)
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !context.Request.Path.StartsWithSegments("/health"))
                .AddOtlpExporter());
    }
}
