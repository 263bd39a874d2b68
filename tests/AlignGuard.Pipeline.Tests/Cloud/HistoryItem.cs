using System.Text.Json;
using System.Text.Json.Serialization;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>One line of an orchestration's history, in the terms of the Durable Task engine.</summary>
/// <param name="Kind"><c>OrchestratorStarted</c>, <c>TaskScheduled</c>, <c>TaskCompleted</c>, <c>TaskFailed</c>, <c>TimerCreated</c>, <c>TimerFired</c>, <c>EventRaised</c>, <c>EventSent</c>,
/// <c>SubOrchestrationInstanceCreated</c>, <c>SubOrchestrationInstanceCompleted</c> or <c>SubOrchestrationInstanceFailed</c>.</param>
/// <param name="Id">Of an action: its number. Of a completion: the number of what is completed.</param>
/// <param name="Name">Of the activity, the child orchestration or the event.</param>
/// <param name="Payload">Input, result or event, as JSON.</param>
/// <param name="At">Of <c>OrchestratorStarted</c>: now. Of <c>TimerCreated</c>: when it fires.</param>
/// <param name="Target">Instance of a child or of a sent event's receiver.</param>
internal sealed record HistoryItem(string Kind, int Id = -1, string? Name = null, string? Payload = null, DateTime? At = null, string? Target = null)
{
    public const string Started = "OrchestratorStarted", Scheduled = "TaskScheduled", Completed = "TaskCompleted", Failed = "TaskFailed", TimerCreated = "TimerCreated", TimerFired = "TimerFired",
        Raised = "EventRaised", Sent = "EventSent", ChildCreated = "SubOrchestrationInstanceCreated", ChildCompleted = "SubOrchestrationInstanceCompleted", ChildFailed = "SubOrchestrationInstanceFailed";

    private static readonly JsonSerializerOptions Lines = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>What the code asked for; everything else is what came back.</summary>
    [JsonIgnore]
    public bool IsAction => Kind is Scheduled or TimerCreated or Sent or ChildCreated;

    public static string Write(IEnumerable<HistoryItem> history) => string.Concat(history.Select(item => JsonSerializer.Serialize(item, Lines) + "\n"));

    public static IReadOnlyList<HistoryItem> Read(string lines) => [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<HistoryItem>(line, Lines)!)];
}

/// <summary>The code asks for something else than it did when the history was made: what a deployment must never do to a run that is under way.</summary>
internal sealed class NonDeterminismException(string message) : Exception(message);
