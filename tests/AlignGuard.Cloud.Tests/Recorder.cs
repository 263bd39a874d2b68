using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Pipeline.Tests.Cloud;
using DurableTask.Core;
using DurableTask.Core.History;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AlignGuard.Cloud.Tests;

/// <summary>
/// Takes an instance's history out of the test engine, in the form of the golden histories. The engine shows it to nobody, hence the reflection: it is for whoever records a new version, and nothing else depends on it.
/// </summary>
internal static class Recorder
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    public static IReadOnlyList<HistoryItem> History(CloudHost host, string instanceId)
    {
        var sidecar = (IHost)Field(host.Engine, "sidecarHost")!;
        var instances = Field(sidecar.Services.GetRequiredService<IOrchestrationService>(), "instanceStore")!;
        var state = ((System.Collections.IDictionary)Field(instances, "store")!)[instanceId]!;
        var history = ((JsonArray)state.GetType().GetProperty("HistoryEventsJson", Hidden)!.GetValue(state)!).Select(e => e!.GetValue<HistoryEvent>()).ToList();
        // The engine's numbers count what no action has, too.
        var numbers = history.Where(IsAction).Select((e, n) => (e.EventId, n)).ToDictionary(p => p.EventId, p => p.n);
        return [.. history.Select(e => Of(e, numbers)).OfType<HistoryItem>()];
    }

    private static bool IsAction(HistoryEvent e) => e is TaskScheduledEvent or TimerCreatedEvent or EventSentEvent or SubOrchestrationInstanceCreatedEvent;

    private static HistoryItem? Of(HistoryEvent e, Dictionary<int, int> numbers) => e switch
    {
        ExecutionStartedEvent s => new HistoryItem("ExecutionStarted", Name: s.Name, Payload: s.Input, Target: s.OrchestrationInstance?.InstanceId),
        OrchestratorStartedEvent s => new HistoryItem(HistoryItem.Started, At: s.Timestamp),
        TaskScheduledEvent s => new HistoryItem(HistoryItem.Scheduled, numbers[s.EventId], s.Name, One(s.Input)),
        TaskCompletedEvent c => new HistoryItem(HistoryItem.Completed, numbers[c.TaskScheduledId], Payload: c.Result),
        TaskFailedEvent f => new HistoryItem(HistoryItem.Failed, numbers[f.TaskScheduledId], Payload: f.FailureDetails?.ErrorMessage ?? f.Reason),
        TimerCreatedEvent t => new HistoryItem(HistoryItem.TimerCreated, numbers[t.EventId], At: t.FireAt),
        TimerFiredEvent t => new HistoryItem(HistoryItem.TimerFired, numbers[t.TimerId]),
        EventRaisedEvent r => new HistoryItem(HistoryItem.Raised, Name: r.Name, Payload: r.Input),
        EventSentEvent s => new HistoryItem(HistoryItem.Sent, numbers[s.EventId], s.Name, s.Input, Target: s.InstanceId),
        SubOrchestrationInstanceCreatedEvent c => new HistoryItem(HistoryItem.ChildCreated, numbers[c.EventId], c.Name, One(c.Input), Target: c.InstanceId),
        SubOrchestrationInstanceCompletedEvent c => new HistoryItem(HistoryItem.ChildCompleted, numbers[c.TaskScheduledId], Payload: c.Result),
        SubOrchestrationInstanceFailedEvent f => new HistoryItem(HistoryItem.ChildFailed, numbers[f.TaskScheduledId], Payload: f.FailureDetails?.ErrorMessage ?? f.Reason),
        ExecutionCompletedEvent c => new HistoryItem("ExecutionCompleted", Payload: c.Result),
        _ => null,
    };

    /// <summary>The engine wraps an activity's input into a list of one.</summary>
    private static string? One(string? input)
    {
        if (input is null || !input.StartsWith('[')) return input;
        using var json = JsonDocument.Parse(input);
        return json.RootElement.GetArrayLength() == 1 ? json.RootElement[0].GetRawText() : input;
    }

    private static object? Field(object of, string name) => of.GetType().GetField(name, Hidden)?.GetValue(of) ?? throw new MissingFieldException($"{of.GetType()} has no field {name} in this version: {string.Join(", ", of.GetType().GetFields(Hidden).Select(f => f.Name))}.");
}
