using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Demo;

namespace AlignGuard.Pipeline.Data;

/// <summary>Which rows of a built-in set: those to train on, or those held out.</summary>
public enum DataPart
{
    /// <summary><c>data.train</c>.</summary>
    Train,

    /// <summary><c>data.eval</c>.</summary>
    Eval,
}

/// <summary>Rows by the name that a job gives them: a file, or <c>builtin:NAME</c>.</summary>
public static class RowSource
{
    private const string Builtin = "builtin:";

    /// <summary>Held-out rows that score the built-in task: enough for half a point either way, in seconds.</summary>
    private const int Scored = 2_400;

    /// <param name="source">A path, or <c>builtin:how-to</c>.</param>
    /// <param name="reading">Of a file; a built-in set has its own.</param>
    /// <param name="part">Of a built-in set; a file is read whole.</param>
    /// <exception cref="UserFaultException">An unknown built-in set, or as for <see cref="RowFile.Read(string, RowReading)"/>.</exception>
    public static RowSet Read(string source, RowReading reading, DataPart part)
    {
        if (!source.StartsWith(Builtin, StringComparison.Ordinal)) return RowFile.Read(source, reading);
        if (source != HowToTask.Name)
            throw new UserFaultException($"data.{(part == DataPart.Train ? "train" : "eval")}: there is no built-in set '{source}': use {HowToTask.Name} or a file.");
        var name = part == DataPart.Train ? source : $"{source} (held out)";
        using var rows = new RowSetBuilder(name);
        foreach (var (i, row) in (part == DataPart.Train ? HowToTask.Train() : HowToTask.HeldOut().Take(Scored)).Index())
            rows.Add(new DataRow(new RowPlace(name, i + 1), [ChatMessage.User(row.Prompt), ChatMessage.Assistant(row.Response)]));
        return rows.Build(RowFormat.Messages);
    }
}
