using System.Text;
using System.Text.Json;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Tests.Simulation;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>What an activity of the simulation does: its JSON answer to a JSON request. Throws = it failed; never ends = its process died.</summary>
internal delegate Task<string?> Activity(string name, string request);

/// <summary>What befalls messages.</summary>
/// <param name="Lost">Share of deliveries whose answer never comes; they are delivered again after a minute.</param>
/// <param name="Twice">Share of deliveries that happen twice.</param>
/// <param name="Late">Seconds, at most, that an answer is under way.</param>
/// <param name="Crash">Share of orchestrator turns whose process dies before its decisions are kept.</param>
internal sealed record Mishaps(double Lost, double Twice, double Late, double Crash)
{
    public static readonly Mishaps None = new(0, 0, 0, 0);
}

/// <summary>A task hub in virtual time: histories that survive everything, replayed from their beginning at every turn; activities somewhere else, at least once.</summary>
internal sealed class DurableEngine(World world, Mishaps mishaps, Func<string, string, IOrchestration, Task<string>> orchestrations, Activity activity)
{
    private static readonly DateTime Epoch = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly Dictionary<string, Instance> _instances = [];

    private sealed class Instance
    {
        public required string Name { get; init; }
        public required string Input { get; set; }
        public int Generation { get; set; }
        public List<HistoryItem> History { get; } = [];
        public List<HistoryItem> Inbox { get; } = [];
        public TaskCompletionSource<string> Ended { get; } = new();
        public bool Turning { get; set; }
    }

    /// <summary>Sees every status when it is shown.</summary>
    public Action<string> StatusShown { get; init; } = _ => { };

    /// <summary>Every status that any instance ever showed.</summary>
    public List<string> Statuses { get; } = [];

    /// <summary>Histories that were left behind, with those at the end.</summary>
    public List<IReadOnlyList<HistoryItem>> Histories { get; } = [];

    public int LargestMessage { get; private set; }

    public Task<string> Start(string name, string instanceId, object request)
    {
        // The same id is the same instance.
        if (_instances.TryGetValue(instanceId, out var known)) return known.Ended.Task;
        var instance = _instances[instanceId] = new Instance { Name = name, Input = Checked(JsonSerializer.Serialize(request)) };
        Turn(instanceId, instance);
        return instance.Ended.Task;
    }

    public void Raise(string instanceId, string name, string payload = "")
    {
        if (_instances.TryGetValue(instanceId, out var instance) && !instance.Ended.Task.IsCompleted) Deliver(instanceId, instance, new HistoryItem(HistoryItem.Raised, Name: name, Payload: Checked(JsonSerializer.Serialize(payload))));
    }

    private string Checked(string message)
    {
        var bytes = Encoding.UTF8.GetByteCount(message);
        LargestMessage = Math.Max(LargestMessage, bytes);
        Assert.True(bytes <= Bounded.MessageBytes, $"A message has {bytes} bytes: {message[..Math.Min(200, message.Length)]}");
        return message;
    }

    private void Deliver(string id, Instance instance, HistoryItem item)
    {
        instance.Inbox.Add(item);
        Turn(id, instance);
    }

    private async void Turn(string id, Instance instance)
    {
        if (instance.Turning || instance.Ended.Task.IsCompleted) return;
        instance.Turning = true;
        do
        {
            // Several messages may come together.
            await world.DelayUpToAsync(0.2);
            List<HistoryItem> history = [.. instance.History, new HistoryItem(HistoryItem.Started, At: Epoch + world.Now), .. instance.Inbox];
            var taken = instance.Inbox.Count;
            var episode = ReplayHost.Run(host => orchestrations(instance.Name, instance.Input, host), history, id);
            if (world.Chance(mishaps.Crash)) continue;
            instance.Inbox.RemoveRange(0, taken);
            instance.History.Clear();
            instance.History.AddRange([.. history, .. episode.Asked]);
            Statuses.AddRange(episode.Statuses);
            if (episode.Statuses.Count > 0) StatusShown(episode.Statuses[^1]);
            foreach (var item in episode.Asked) Do(id, instance, item);
            if (episode.Next is { } next) ContinueAsNew(instance, next, episode);
            else if (episode.Result is { } result)
            {
                Histories.Add([.. instance.History]);
                instance.Ended.SetResult(result);
            }
        }
        while (!instance.Ended.Task.IsCompleted && (instance.Inbox.Count > 0 || instance.History.Count == 0));
        instance.Turning = false;
    }

    private void ContinueAsNew(Instance instance, string next, Episode episode)
    {
        Histories.Add([.. instance.History]);
        instance.Input = Checked(next);
        instance.Generation++;
        instance.History.Clear();
        // Answers to the old history are nobody's; events that nobody took are kept.
        instance.Inbox.RemoveAll(i => i.Kind != HistoryItem.Raised);
        instance.Inbox.InsertRange(0, episode.Unread.Select(e => new HistoryItem(HistoryItem.Raised, Name: e.Name, Payload: JsonSerializer.Serialize(e.Payload))));
    }

    private void Do(string id, Instance instance, HistoryItem action)
    {
        var generation = instance.Generation;
        switch (action.Kind)
        {
            case HistoryItem.TimerCreated:
                var due = action.At!.Value - Epoch;
                world.At(due > world.Now ? due : world.Now, () => Answer(new HistoryItem(HistoryItem.TimerFired, action.Id)));
                break;
            case HistoryItem.Sent:
                Raise(action.Target!, action.Name!, JsonSerializer.Deserialize<string>(action.Payload!)!);
                break;
            case HistoryItem.ChildCreated:
                Child();
                break;
            default:
                Work();
                if (world.Chance(mishaps.Twice)) Work();
                break;
        }

        void Answer(HistoryItem item)
        {
            if (instance.Generation == generation && !instance.Ended.Task.IsCompleted) Deliver(id, instance, item);
        }

        async void Child()
        {
            var child = Start(action.Name!, action.Target!, JsonDocument.Parse(action.Payload!).RootElement);
            Answer(new HistoryItem(HistoryItem.ChildCompleted, action.Id, Payload: JsonSerializer.Serialize(await child)));
        }

        async void Work()
        {
            for (var answered = false; !answered;)
            {
                // A delivery without an answer is made again.
                var again = world.DelayAsync(TimeSpan.FromMinutes(world.Chance(mishaps.Lost) ? 1 : 10_000));
                var done = activity(action.Name!, Checked(action.Payload!));
                answered = await Task.WhenAny(done, again) == done;
                if (!answered) continue;
                await world.DelayUpToAsync(mishaps.Late);
                Answer(done.IsFaulted ? new HistoryItem(HistoryItem.Failed, action.Id, Payload: done.Exception.InnerException!.Message) : new HistoryItem(HistoryItem.Completed, action.Id, Payload: Checked(done.Result ?? "null")));
            }
        }
    }
}
