using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Everything that is logged, as it would be written: message and exception.</summary>
internal sealed class CollectedLog : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public string Text => string.Join('\n', Lines);

    public ILogger CreateLogger(string categoryName) => new One(Lines, categoryName);

    public void Dispose()
    {
    }

    private sealed class One(ConcurrentQueue<string> lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> format) =>
            lines.Enqueue($"{level} {category}: {format(state, exception)} {exception}");
    }
}
