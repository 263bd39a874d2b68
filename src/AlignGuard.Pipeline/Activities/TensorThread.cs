using System.Collections.Concurrent;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// Runs asynchronous work on one thread of its own, its continuations too. Dispose scopes belong to a thread: work that came back from an await on
/// another one would leave its tensors to the collector.
/// </summary>
public static class TensorThread
{
    /// <summary>Ends as <paramref name="work"/> ends. Nothing in it may use <c>ConfigureAwait(false)</c> around tensors.</summary>
    public static Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        // Whoever awaits the result must not be continued on this thread, which is about to end.
        var ended = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            using var queue = new Queue();
            SynchronizationContext.SetSynchronizationContext(queue);
            var task = Begin(work);
            task.ContinueWith(_ => queue.Complete(), TaskScheduler.Default);
            queue.RunUntilComplete();
            ended.SetFromTask(task);
        }) { IsBackground = true, Name = "tensors" }.Start();
        return ended.Task;
    }

    /// <summary>A throw before the first await fails the task, not the thread.</summary>
    private static async Task<T> Begin<T>(Func<Task<T>> work) => await work();

    private sealed class Queue : SynchronizationContext, IDisposable
    {
        private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _posted = [];

        public override void Post(SendOrPostCallback d, object? state) => _posted.Add((d, state));

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing may wait for the tensor thread from outside.");

        public void Complete() => _posted.CompleteAdding();

        public void RunUntilComplete()
        {
            foreach (var (callback, state) in _posted.GetConsumingEnumerable()) callback(state);
        }

        public void Dispose() => _posted.Dispose();
    }
}
