using Azure.Core;
using Azure.Core.Pipeline;

namespace AlignGuard.Pipeline.Store.Rehearsal;

/// <summary>
/// Lets a <see cref="FaultPlan"/> happen to the requests of a storage client. It sits inside the client's own retries, once per try, so what it does meets
/// the same code as a real fault. Safe for requests at once; requests are numbered in the order in which they are sent.
/// </summary>
public sealed class FaultPolicy(FaultPlan plan) : HttpPipelinePolicy
{
    private static int _said;
    private long _requests = -1;

    /// <summary>Requests that were seen, tries counted singly.</summary>
    public long Requests => Interlocked.Read(ref _requests) + 1;

    /// <summary>Adds the plan of the environment, if there is one, and says so once on standard error.</summary>
    /// <exception cref="AlignGuard.Models.UserFaultException">The plan is none (<see cref="FaultPlan.Parse"/>).</exception>
    public static void AddTo(ClientOptions options)
    {
        if (FaultPlan.FromEnvironment() is not { } plan) return;
        if (Interlocked.Exchange(ref _said, 1) == 0) Console.Error.WriteLine($"Rehearsal: faults are injected into requests to the store ({plan}). Unset {FaultPlan.Variable} for real work.");
        options.AddPolicy(new FaultPolicy(plan), HttpPipelinePosition.PerRetry);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var fault = Next();
        if (fault.Kind == FaultKind.Busy)
        {
            message.Response = InjectedResponse.Busy(message.Request);
            return;
        }
        if (fault.Kind == FaultKind.Slow && message.CancellationToken.WaitHandle.WaitOne(plan.Delay)) message.CancellationToken.ThrowIfCancellationRequested();
        ProcessNext(message, pipeline);
        Spoil(message, fault);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var fault = Next();
        if (fault.Kind == FaultKind.Busy)
        {
            message.Response = InjectedResponse.Busy(message.Request);
            return;
        }
        if (fault.Kind == FaultKind.Slow) await Task.Delay(plan.Delay, message.CancellationToken);
        await ProcessNextAsync(message, pipeline);
        Spoil(message, fault);
    }

    private Fault Next() => plan.At(Interlocked.Increment(ref _requests));

    private static void Spoil(HttpMessage message, Fault fault)
    {
        if (fault.Kind == FaultKind.Lost)
        {
            message.Response.Dispose();
            message.Response = InjectedResponse.TimedOut(message.Request);
            if (fault.Breaks) throw new IOException("Rehearsal: the connection broke before the answer came.");
        }
        if (fault.Kind != FaultKind.Cut || message.Request.Method != RequestMethod.Get) return;
        // A body that the client reads before it looks at it breaks in its own hands; one that it passes on breaks in the reader's.
        if (message.BufferResponse) throw new IOException("Rehearsal: the connection broke in the middle of the answer.");
        if (message.Response is { ContentStream: { } body, Headers.ContentLengthLong: > 0 and var length })
            message.Response.ContentStream = new CutStream(body, (long)(fault.Where * length), fault.Breaks);
    }
}
