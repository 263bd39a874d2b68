using System.Text.Json;
using AlignGuard.Pipeline.Cloud;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>What came of replaying a history.</summary>
/// <param name="Asked">Actions beyond those in the history: what the engine has to do next.</param>
/// <param name="Result">What the orchestration returned; null = it waits.</param>
/// <param name="Next">Input of the next history where it continued as new; null = it did not.</param>
/// <param name="Unread">Events that nobody took.</param>
internal sealed record Episode(IReadOnlyList<HistoryItem> Asked, string? Result, string? Next, IReadOnlyList<(string Name, string Payload)> Unread, IReadOnlyList<string> Statuses);

/// <summary>
/// Runs an orchestration from its beginning over a history, on one thread, as the Durable Task engine does at every event: completions are delivered in their order, and every action of the history must be asked for
/// again, under the same number and with the same content.
/// </summary>
internal sealed class ReplayHost : IOrchestration
{
    private static readonly JsonSerializerOptions Json = new() { IncludeFields = true };

    private readonly List<HistoryItem> _actions = [];
    private readonly Dictionary<int, (Action<string?> Complete, Action<Exception> Fail)> _open = [];
    private readonly Dictionary<string, Stack<TaskCompletionSource<string>>> _waiting = [];
    private readonly List<(string Name, string Payload)> _raised = [];
    private readonly List<string> _statuses = [];
    private string? _next;

    private ReplayHost(string instanceId) => InstanceId = instanceId;

    public string InstanceId { get; }
    public DateTime Now { get; private set; }

    /// <exception cref="NonDeterminismException">It does not fit the history.</exception>
    public static Episode Run(Func<IOrchestration, Task<string>> orchestration, IReadOnlyList<HistoryItem> history, string instanceId = "instance")
    {
        var host = new ReplayHost(instanceId);
        var (before, pump) = (SynchronizationContext.Current, new Pump());
        SynchronizationContext.SetSynchronizationContext(pump);
        try
        {
            Task<string>? task = null;
            foreach (var item in history)
            {
                if (item.Kind == HistoryItem.Started)
                {
                    host.Now = item.At!.Value;
                    task ??= orchestration(host);
                }
                else host.Apply(item);
                pump.Drain();
            }
            var asked = host._actions.Skip(history.Count(i => i.IsAction)).ToList();
            if (task is { IsFaulted: true }) throw task.Exception.InnerException!;
            // The engine lets nobody end, or continue as new, whose calls and timers are open.
            var over = task is { IsCompleted: true } && host._open.Count == 0;
            return new Episode(asked, over ? task!.Result : null, over ? host._next : null, host._raised, host._statuses);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    public Task<TAnswer> CallAsync<TAnswer>(string activity, object request) => Act<TAnswer>(new HistoryItem(HistoryItem.Scheduled, Name: activity, Payload: JsonSerializer.Serialize(request, Json)));

    public Task<string> RunChildAsync(string orchestration, string instanceId, object request) =>
        Act<string>(new HistoryItem(HistoryItem.ChildCreated, Name: orchestration, Payload: JsonSerializer.Serialize(request, Json), Target: instanceId));

    public Task TimerAsync(TimeSpan delay, CancellationToken cancellation)
    {
        var id = _actions.Count;
        var timer = Act<string?>(new HistoryItem(HistoryItem.TimerCreated, At: Now + delay));
        cancellation.Register(() => _open.Remove(id));
        return timer;
    }

    public Task<string> EventAsync(string name)
    {
        var source = new TaskCompletionSource<string>();
        var at = _raised.FindIndex(r => r.Name == name);
        if (at >= 0)
        {
            source.SetResult(_raised[at].Payload);
            _raised.RemoveAt(at);
        }
        else
        {
            // Who asked last is told first.
            if (!_waiting.TryGetValue(name, out var stack)) _waiting[name] = stack = new();
            stack.Push(source);
        }
        return source.Task;
    }

    public void Send(string instanceId, string name, string payload) => _actions.Add(new HistoryItem(HistoryItem.Sent, _actions.Count, name, JsonSerializer.Serialize(payload, Json), Target: instanceId));

    public void Status(object status) => _statuses.Add(JsonSerializer.Serialize(status, Json));

    public void ContinueAsNew(object request) => _next = JsonSerializer.Serialize(request, Json);

    private Task<T> Act<T>(HistoryItem action)
    {
        var source = new TaskCompletionSource<T>();
        _open[_actions.Count] = (payload => source.TrySetResult(payload is null ? default! : JsonSerializer.Deserialize<T>(payload, Json)!), e => source.TrySetException(e));
        _actions.Add(action with { Id = _actions.Count });
        return source.Task;
    }

    private void Apply(HistoryItem item)
    {
        if (item.IsAction)
        {
            if (_actions.Count <= item.Id) throw new NonDeterminismException($"The history has {item.Kind} {item.Name} as number {item.Id}; the code did not ask for it.");
            if (_actions[item.Id] != item) throw new NonDeterminismException($"As number {item.Id} the history has {item}; the code asked for {_actions[item.Id]}.");
            return;
        }
        if (item.Kind == HistoryItem.Raised)
        {
            if (_waiting.TryGetValue(item.Name!, out var stack) && stack.TryPop(out var waiting)) waiting.SetResult(JsonSerializer.Deserialize<string>(item.Payload!) ?? "");
            else _raised.Add((item.Name!, JsonSerializer.Deserialize<string>(item.Payload!) ?? ""));
            return;
        }
        // Second deliveries, and timers that were cancelled, find nobody.
        if (!_open.Remove(item.Id, out var open)) return;
        if (item.Kind is HistoryItem.Failed or HistoryItem.ChildFailed) open.Fail(new ActivityFailedException(item.Payload ?? ""));
        else open.Complete(item.Payload);
    }

    private sealed class Pump : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

        public void Drain()
        {
            while (_posted.TryDequeue(out var next)) next.Callback(next.State);
        }
    }
}
