using System.Globalization;
using System.Text;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>Commands as JSON: <c>{"v":1,"id":"segment/3","attempt":1,"work":{"type":"segment","index":3,"from":30,"to":40,"refresh":0,"parent":2}}</c>. Unknown properties are passed over.</summary>
public static class CommandCodec
{
    /// <summary>The version this writes, and the only one it reads.</summary>
    public const int Version = 1;

    public static string Write(Command command)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            w.WriteNumber("v", Version);
            w.WriteString("id", command.Id);
            w.WriteNumber("attempt", command.Attempt);
            w.WriteStartObject("work");
            Write(w, command.Work);
            w.WriteEndObject();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <exception cref="FormatException">Not a command, or of another version.</exception>
    public static Command Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            if (root.GetProperty("v").GetInt32() is var version && version != Version)
                throw new FormatException($"The command has version {version}; this program reads version {Version}. Let workers and orchestrator be of one version.");
            return new Command(Text(root, "id"), root.GetProperty("attempt").GetInt32(), ReadWork(root.GetProperty("work")));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"Not a command: {e.Message}");
        }
    }

    private static void Write(Utf8JsonWriter w, Work work)
    {
        switch (work)
        {
            case Work.Fisher f:
                w.WriteString("type", "fisher");
                w.WriteNumber("refresh", f.Refresh);
                w.WriteNumber("atStep", f.AtStep);
                Optional(w, "segment", f.Segment);
                break;
            case Work.Decompose d:
                w.WriteString("type", "decompose");
                w.WriteNumber("refresh", d.Refresh);
                break;
            case Work.Segment s:
                w.WriteString("type", "segment");
                w.WriteNumber("index", s.Index);
                w.WriteNumber("from", s.FromStep);
                w.WriteNumber("to", s.ToStep);
                Optional(w, "refresh", s.Refresh);
                Optional(w, "parent", s.Parent);
                break;
            case Work.DriftCheck d:
                w.WriteString("type", "drift");
                w.WriteNumber("segment", d.Segment);
                w.WriteNumber("step", d.Step);
                w.WriteString("size", d.Size.IsFinal ? "final" : "quick");
                break;
            case Work.Publish p:
                w.WriteString("type", "publish");
                w.WriteNumber("segment", p.Segment);
                break;
            case Work.Backoff b:
                w.WriteString("type", "backoff");
                w.WriteString("command", b.ForCommand);
                w.WriteString("seconds", b.DelaySeconds.ToString("r", CultureInfo.InvariantCulture));
                break;
            default:
                w.WriteString("type", work.IsBaseline ? "baseline" : work.IsGate ? "gate" : "approval");
                break;
        }
    }

    private static Work ReadWork(JsonElement e) => Text(e, "type") switch
    {
        "baseline" => Work.Baseline,
        "fisher" => Work.NewFisher(Number(e, "refresh"), Number(e, "atStep"), Optional(e, "segment")),
        "decompose" => Work.NewDecompose(Number(e, "refresh")),
        "segment" => Work.NewSegment(Number(e, "index"), Number(e, "from"), Number(e, "to"), Optional(e, "refresh"), Optional(e, "parent")),
        "drift" => Work.NewDriftCheck(Number(e, "segment"), Number(e, "step"), Text(e, "size") switch
        {
            "quick" => DriftSize.Quick,
            "final" => DriftSize.Final,
            var other => throw new FormatException($"Not a command: the size \"{other}\" is unknown."),
        }),
        "gate" => Work.Gate,
        "approval" => Work.Approval,
        "publish" => Work.NewPublish(Number(e, "segment")),
        "backoff" => Work.NewBackoff(Text(e, "command"), double.Parse(Text(e, "seconds"), CultureInfo.InvariantCulture)),
        var other => throw new FormatException($"Not a command: the work \"{other}\" is unknown."),
    };

    private static int Number(JsonElement e, string name) => e.GetProperty(name).GetInt32();

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString() ?? throw new FormatException($"Not a command: \"{name}\" is null.");

    private static void Optional(Utf8JsonWriter w, string name, int? value)
    {
        if (value is { } number) w.WriteNumber(name, number);
    }

    private static int? Optional(JsonElement e, string name) => e.TryGetProperty(name, out var value) ? value.GetInt32() : null;
}
