using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using AlignGuard.Server.Telemetry;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Xunit;

namespace AlignGuard.Server.Tests;

/// <summary>What the server measures, and that it goes nowhere unless the environment says where.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Runs_are_counted_by_outcome_and_have_a_span()
    {
        var (counts, spans) = (new ConcurrentDictionary<string, long>(), new ConcurrentQueue<Activity>());
        using var activities = new ActivityListener { ShouldListenTo = s => s.Name == ServerMetrics.Name, Sample = (ref _) => ActivitySamplingResult.AllData, ActivityStopped = spans.Enqueue };
        ActivitySource.AddActivityListener(activities);
        await using var server = await RunningServer.StartAsync(_folder);
        using var meters = new MeterListener();
        var meter = server.Services.GetRequiredService<ServerMetrics>().Meter;
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter) listener.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => counts.AddOrUpdate(instrument.Name + string.Concat(tags.ToArray().Select(t => $" {t.Key}={t.Value}")), value, (_, held) => held + value));
        meters.SetMeasurementEventCallback<int>((instrument, value, _, _) => counts[instrument.Name] = value);
        meters.Start();
        var id = await server.Http.StartAsync(Jobs.Yaml("measured"));
        await Eventually.TrueAsync(() => counts.ContainsKey("alignguard.runs.finished outcome=accepted"), "it is counted");
        meters.RecordObservableInstruments();
        Assert.Equal(1, counts["alignguard.runs.started"]);
        Assert.Equal(1, counts["alignguard.runs.finished outcome=accepted"]);
        await Eventually.TrueAsync(() =>
        {
            meters.RecordObservableInstruments();
            return counts["alignguard.queue.length"] == 0 && counts["alignguard.runs.running"] == 0;
        }, "nothing waits and nothing runs");
        var span = Assert.Single(spans, s => (string?)s.GetTagItem("alignguard.run.id") == id);
        Assert.Equal("accepted", span.GetTagItem("alignguard.outcome"));
    }

    [Fact]
    public async Task Without_a_collector_nothing_is_exported()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        Export.Add(builder, new Hashtable { ["OTEL_SERVICE_NAME"] = "x" });
        await using var app = builder.Build();
        Assert.Null(app.Services.GetService<MeterProvider>());
        Assert.Null(app.Services.GetService<TracerProvider>());
    }

    [Fact]
    public async Task With_a_collector_metrics_and_spans_reach_it()
    {
        var received = new ConcurrentQueue<string>();
        var collector = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        collector.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        await using var listening = collector.Build();
        listening.Run(context =>
        {
            received.Enqueue(context.Request.Path);
            return Task.CompletedTask;
        });
        await listening.StartAsync();
        var address = listening.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        Export.Add(builder, new Hashtable { [Export.EndpointVariable] = address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" });
        await using var app = builder.Build();
        var (metrics, traces) = (app.Services.GetRequiredService<MeterProvider>(), app.Services.GetRequiredService<TracerProvider>());
        using var own = new ServerMetrics();
        own.Started();
        ServerMetrics.Source.StartActivity("run")?.Dispose();
        Assert.True(metrics.ForceFlush(10_000));
        Assert.True(traces.ForceFlush(10_000));
        Assert.Contains("/v1/metrics", received);
        Assert.Contains("/v1/traces", received);
    }
}
