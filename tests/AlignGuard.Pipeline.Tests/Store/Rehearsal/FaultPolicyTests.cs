using System.Diagnostics;
using System.Net;
using AlignGuard.Pipeline.Store.Rehearsal;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store.Rehearsal;

/// <summary>The policy in a pipeline without retries, before a service that answers everything with the same body.</summary>
public sealed class FaultPolicyTests
{
    private static readonly byte[] Body = [.. Enumerable.Range(0, 1000).Select(n => (byte)n)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_busy_service_gets_no_request_and_is_named(bool sync)
    {
        var service = new Service();
        Assert.Equal("503 ServerBusy", await OutcomeAsync(Pipeline("busy=1", service), sync));
        Assert.Equal(0, service.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_answer_is_that_of_a_request_that_was_done(bool sync)
    {
        var service = new Service();
        var outcomes = await OutcomesAsync(Pipeline("lost=1", service), 20, sync);
        Assert.Equal(20, service.Requests);
        Assert.Equal(["500 OperationTimedOut", "broke"], outcomes.Distinct().Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cut_body_breaks_or_ends_short_and_is_never_whole(bool sync)
    {
        var outcomes = await OutcomesAsync(Pipeline("cut=1", new Service()), 40, sync);
        Assert.Contains("broke", outcomes);
        Assert.Contains(outcomes, outcome => outcome.StartsWith("200 "));
        Assert.DoesNotContain("200 1000", outcomes);
        Assert.All(await OutcomesAsync(Pipeline("cut=1", new Service()), 10, sync, buffered: true), outcome => Assert.Equal("broke", outcome));
        Assert.All(await OutcomesAsync(Pipeline("cut=1", new Service()), 10, sync, method: RequestMethod.Put), outcome => Assert.Equal("200 1000", outcome));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_slow_answer_comes_whole_after_the_delay(bool sync)
    {
        var watch = Stopwatch.StartNew();
        Assert.Equal("200 1000", await OutcomeAsync(Pipeline("slow=1,delay=150", new Service()), sync));
        Assert.InRange(watch.ElapsedMilliseconds, 140, 60_000);
    }

    [Fact]
    public async Task A_rehearsal_can_be_repeated()
    {
        const string plan = "seed=5,busy=0.2,lost=0.2,cut=0.2,slow=0.2,delay=0";
        var first = await OutcomesAsync(Pipeline(plan, new Service()), 100, sync: false);
        Assert.Equal(first, await OutcomesAsync(Pipeline(plan, new Service()), 100, sync: true));
        Assert.NotEqual(first, await OutcomesAsync(Pipeline(plan.Replace("seed=5", "seed=6"), new Service()), 100, sync: true));
    }

    [Fact]
    public async Task Requests_at_once_are_each_counted()
    {
        var policy = new FaultPolicy(FaultPlan.Parse("seed=2,busy=0.5"));
        var service = new Service();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => OutcomesAsync(Pipeline(policy, service), 250, sync: false))));
        Assert.Equal(2000, policy.Requests);
        Assert.Equal(Enumerable.Range(0, 2000).Count(n => FaultPlan.Parse("seed=2,busy=0.5").At(n).Kind == FaultKind.None), service.Requests);
    }

    private static HttpPipeline Pipeline(string plan, Service service) => Pipeline(new FaultPolicy(FaultPlan.Parse(plan)), service);

    private static HttpPipeline Pipeline(FaultPolicy policy, Service service)
    {
        var options = new BlobClientOptions { Transport = new HttpClientTransport(service) };
        options.Retry.MaxRetries = 0;
        options.AddPolicy(policy, HttpPipelinePosition.PerRetry);
        return HttpPipelineBuilder.Build(options);
    }

    private static async Task<List<string>> OutcomesAsync(HttpPipeline pipeline, int requests, bool sync, bool buffered = false, RequestMethod? method = null)
    {
        var outcomes = new List<string>();
        for (var n = 0; n < requests; n++) outcomes.Add(await OutcomeAsync(pipeline, sync, buffered, method));
        return outcomes;
    }

    private static async Task<string> OutcomeAsync(HttpPipeline pipeline, bool sync, bool buffered = false, RequestMethod? method = null)
    {
        using var message = pipeline.CreateMessage();
        message.BufferResponse = buffered;
        message.Request.Method = method ?? RequestMethod.Get;
        message.Request.Uri.Reset(new Uri("http://127.0.0.1/x"));
        var read = new MemoryStream();
        try
        {
            if (sync) pipeline.Send(message, default);
            else await pipeline.SendAsync(message, default);
            if (message.Response.IsError) return $"{message.Response.Status} {new RequestFailedException(message.Response).ErrorCode}";
            if (sync) message.Response.ContentStream!.CopyTo(read);
            else await message.Response.ContentStream!.CopyToAsync(read);
        }
        catch (IOException)
        {
            Assert.True(read.Length < Body.Length);
            return "broke";
        }
        Assert.Equal(Body[..(int)read.Length], read.ToArray());
        return $"{message.Response.Status} {read.Length}";
    }

    private sealed class Service : HttpMessageHandler
    {
        private int _requests;

        public int Requests => _requests;

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _requests);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(Body) { Headers = { ContentLength = Body.Length } } };
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));
    }
}
