using AlignGuard.Server.Tests.Support;
using Xunit;

namespace AlignGuard.Server.Tests.Http;

/// <summary>No name leads to anything but the run's own files, however it is written on the wire.</summary>
public sealed class TraversalTests : IAsyncLifetime
{
    private const string Secret = "the content of something else";
    private readonly ServerFolder _folder = new();
    private RunningServer _server = null!;
    private string _id = "";

    public async Task InitializeAsync()
    {
        _server = await RunningServer.StartAsync(_folder);
        _id = await _server.Http.StartAsync(Jobs.Yaml());
        await Eventually.TrueAsync(async () => (await _server.Handlers.StatusAsync(_id)).Phase == Server.Runs.RunPhase.Ended, "it has ended");
        foreach (var name in new[] { "runs/other-0123456789/secret.txt", $"runs/{_id}x/secret.txt", "models/job/current.json", $"models/job/{_id}x/secret.txt", "queue/secret.json", "secret.txt" })
            await _folder.Store.CreateAsync(name, System.Text.Encoding.UTF8.GetBytes(Secret));
        await File.WriteAllTextAsync(Path.Combine(_folder.Root, "secret.txt"), Secret);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("runs/other-0123456789/secret.txt")]
    [InlineData("runs/{id}x/secret.txt")]
    [InlineData("models/job/current.json")]
    [InlineData("models/job/{id}x/secret.txt")]
    [InlineData("queue/secret.json")]
    [InlineData("secret.txt")]
    [InlineData("runs/{id}/../other-0123456789/secret.txt")]
    [InlineData("runs/{id}/..%2fother-0123456789/secret.txt")]
    [InlineData("runs/{id}/%2e%2e/other-0123456789/secret.txt")]
    [InlineData("runs/{id}/%2e%2e%2fother-0123456789%2fsecret.txt")]
    [InlineData("runs/{id}/%252e%252e/other-0123456789/secret.txt")]
    [InlineData("runs/{id}/..%5cother-0123456789%5csecret.txt")]
    [InlineData("runs/{id}/..\\other-0123456789\\secret.txt")]
    [InlineData("runs/{id}/....//....//secret.txt")]
    [InlineData("runs/{id}/report.html%00.txt")]
    [InlineData("runs/{id}/report.html%0a")]
    [InlineData("runs/{id}/report.html.")]
    [InlineData("runs/{id}/report.html%20")]
    [InlineData("runs/{id}//report.html")]
    [InlineData("runs/{id}/")]
    [InlineData("%2fetc%2fpasswd")]
    [InlineData("/etc/passwd")]
    [InlineData("C:/secret.txt")]
    [InlineData("file:///etc/passwd")]
    [InlineData("../../secret.txt")]
    [InlineData("..;/secret.txt")]
    [InlineData("%c0%ae%c0%ae/secret.txt")]
    [InlineData("runs/{id}/＀/secret.txt")]
    [InlineData("")]
    public async Task A_name_that_leads_elsewhere_gives_nothing(string name)
    {
        var (status, text) = await Calls.RawGetAsync(_server.Uri, $"/runs/{_id}/files/{name.Replace("{id}", _id)}");
        Assert.DoesNotContain(Secret, text);
        // An empty name is the list of files.
        Assert.True(name.Length == 0 ? status == 200 : status is 400 or 404, $"{status}: {text}");
        Assert.DoesNotContain("secret", (await Calls.RawGetAsync(_server.Uri, $"/runs/{_id}/files")).Text);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("..%2fqueue")]
    [InlineData("%2e%2e")]
    [InlineData("other-0123456789%2f..")]
    [InlineData("a%5cb")]
    [InlineData("a%00")]
    [InlineData("-")]
    [InlineData(".tmp")]
    public async Task An_id_that_is_none_gives_nothing(string id)
    {
        foreach (var rest in new[] { "", "/files", "/files/secret.txt" })
        {
            var (status, text) = await Calls.RawGetAsync(_server.Uri, $"/runs/{id}{rest}");
            Assert.True(status is 400 or 404, $"{id}{rest}: {status}: {text}");
            Assert.DoesNotContain(Secret, text);
        }
    }

    [Fact]
    public async Task What_is_the_run_s_own_is_served() => Assert.Equal(200, (await Calls.RawGetAsync(_server.Uri, $"/runs/{_id}/files/runs/{_id}/report.html")).Status);
}
