using AlignGuard.Models;
using AlignGuard.Server.Tests.Support;
using Xunit;

namespace AlignGuard.Server.Tests;

/// <summary>A server that is set up wrongly does not start, and says everything that is wrong.</summary>
public sealed class OptionsTests
{
    private const string Token = "0123456789abcdef";

    [Theory]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("127.0.0.2", null, true)]
    [InlineData("::1", null, true)]
    [InlineData("0.0.0.0", Token, true)]
    [InlineData("0.0.0.0", null, false)]
    [InlineData("::", null, false)]
    [InlineData("10.1.2.3", null, false)]
    [InlineData("0.0.0.0", "", false)]
    [InlineData("127.0.0.1", "", false)]
    [InlineData("0.0.0.0", "0123456789abcde", false)]
    [InlineData("127.0.0.1", "0123456789 abcdefgh", false)]
    [InlineData("localhost", Token, false)]
    public void Other_machines_need_a_token_that_deserves_the_name(string address, string? token, bool good)
    {
        var options = new ServerOptions { Address = address, Token = token };
        if (good) options.Validate();
        else
        {
            var problem = Assert.Single(Assert.Throws<UserFaultException>(options.Validate).Problems);
            Assert.True(problem.StartsWith("address: ") || problem.StartsWith(ServerOptions.TokenVariable));
            if (!string.IsNullOrEmpty(token)) Assert.DoesNotContain(token, problem);
        }
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var options = new ServerOptions
        {
            Address = "0.0.0.0", Token = null, Port = 70_000, Concurrency = 0, PostsPerMinute = 0, ScanInterval = TimeSpan.Zero, StopWait = TimeSpan.FromDays(1), ModelsFolder = "/no/such/folder",
            Watch = ["/no/such/drop", "https://example.com/x", "store://account/C"], EventQueue = "queue://account", ScheduleFile = "/no/such/file.yaml",
        };
        var problems = Assert.Throws<UserFaultException>(() => ServerHost.Build(options, new ServerParts { Store = new BrokenStore(new InvalidOperationException()), Runs = new FakeExecutor(null!) })).Problems;
        foreach (var expected in new[] { "address:", "port:", "concurrency:", "posts per minute:", "scan interval", "stop wait", "models:", "/no/such/drop", "https://example.com/x", "store://account/C", "events: queue://account is no address", "There is no schedule file" })
            Assert.Contains(problems, p => p.Contains(expected));
    }

    [Fact]
    public void Events_without_a_container_to_watch_are_a_mistake()
    {
        var problems = Assert.Throws<UserFaultException>(new ServerOptions { Token = null, EventQueue = "queue://azurite/events" }.Validate).Problems;
        Assert.Contains("no blob container is watched", Assert.Single(problems));
        new ServerOptions { Token = null, EventQueue = "queue://azurite/events", Watch = ["store://azurite/drop/prefix"] }.Validate();
    }
}
