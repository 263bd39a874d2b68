namespace AlignGuard.Models.Chat.Jinja;

/// <summary>A template is damaged, uses what is not supported, or took too much; the place is a line of the template.</summary>
internal class JinjaException(string message, int line = 0) : Exception(line > 0 ? $"line {line}: {message}" : message);

/// <summary>The template itself refused the conversation with <c>raise_exception</c>.</summary>
internal sealed class JinjaRaisedException(string message) : JinjaException(message);
