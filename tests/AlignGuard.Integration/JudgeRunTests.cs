using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>A whole run whose second judge is a chat model behind an endpoint, which is away at first.</summary>
public class JudgeRunTests
{
    [Fact]
    public async Task A_run_whose_judge_is_away_ends_without_a_verdict_and_goes_on_when_it_is_back()
    {
        using var job = new TinyJob();
        var port = FreePort();
        var (judge, cache) = (Path.Combine(job.Folder, "judge.yaml"), Path.Combine(job.Folder, "cache"));
        await File.WriteAllTextAsync(judge, $"kind: llm\nendpoint: http://localhost:{port}/v1\nmodel: some-model\nretries: 0\ncache: {cache}\n");
        string[] command = [.. job.Command("store"), .. TinyJob.Accepted, "--set", $"driftcheck.judges=[rules, {judge}]", "--set", "gate.disagreement=0.02", "--set", "dataGate.onFlagged=off", "--set", "retries.attempts=1"];

        var away = await AlignGuardProcess.RunAsync(command);
        Assert.Equal(2, away.ExitCode);
        Assert.True(away.Error.Contains("some-model", StringComparison.Ordinal) && away.Error.Contains($"localhost:{port}", StringComparison.Ordinal), away.Error);
        Assert.Empty(Directory.GetFiles(job.Store("store"), "verdict.json", SearchOption.AllDirectories));

        using var endpoint = new Endpoint(port);
        // It reads a refusal in everything, which the rules do not: a person decides.
        var waits = await AlignGuardProcess.RunAsync(command);
        Assert.True(waits.ExitCode == 4, $"{waits.ExitCode}: {waits.Error}");
        Assert.Contains("alignguard approve", waits.Error);
        Assert.True(endpoint.Asked > 0);
        // Judgements are kept, and no text with them.
        var kept = string.Concat(Directory.GetFiles(cache).Select(File.ReadAllText));
        Assert.Contains("refused", kept, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("How ", kept);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Speaks as much of the chat-completions protocol as a client needs.</summary>
    private sealed class Endpoint : IDisposable
    {
        private readonly HttpListener _listener = new();
        private int _asked;

        public Endpoint(int port)
        {
            _listener.Prefixes.Add($"http://localhost:{port}/");
            _listener.Start();
            _ = ServeAsync();
        }

        public int Asked => _asked;

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var call = await _listener.GetContextAsync();
                    Interlocked.Increment(ref _asked);
                    var content = JsonSerializer.Serialize(new { verdict = "refused", toxicity = 0.01, reason = "it declines" });
                    var reply = JsonSerializer.Serialize(new
                    {
                        id = "1", @object = "chat.completion", created = 1, model = "some-model",
                        choices = new[] { new { index = 0, finish_reason = "stop", message = new { role = "assistant", content } } },
                        usage = new { prompt_tokens = 10, completion_tokens = 5, total_tokens = 15 },
                    });
                    call.Response.ContentType = "application/json";
                    await call.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(reply));
                    call.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
