using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>A judgement as it is kept: no request, no answer; a reason only where the judge's file asks for it.</summary>
internal sealed record KeptJudgement(Verdict Verdict, double Toxicity, string? Reason);

/// <summary>
/// The judgements that a judge of one name made before: a file of JSON lines that is only appended to, a line for each exchange, named by <see cref="ExchangeKey"/>. Several
/// processes may use it at once: each line is written under a lock of the file, the first one of a key counts. Lines that were cut off are passed over.
/// </summary>
internal sealed partial class JudgementCache
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, KeptJudgement> kept = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private long read;

    public JudgementCache(string folder, string judge) => File = Path.Combine(folder, Unsafe().Replace(judge, "_") + ".jsonl");

    public string File { get; }

    /// <summary>Reads what other processes have added.</summary>
    /// <exception cref="UserFaultException">The file can not be read.</exception>
    public void Refresh()
    {
        lock (gate)
            if (System.IO.File.Exists(File))
            {
                using var stream = Open();
                ReadNew(stream);
            }
    }

    public KeptJudgement? Find(string key)
    {
        lock (gate) return kept.GetValueOrDefault(key);
    }

    /// <returns>What counts: the judgement, or that of another process that was first.</returns>
    /// <exception cref="UserFaultException">The file can not be written.</exception>
    public KeptJudgement Add(string key, KeptJudgement judgement)
    {
        lock (gate)
        {
            using var stream = Open();
            var whole = ReadNew(stream);
            if (kept.TryGetValue(key, out var first)) return first;
            // A line that was cut off gets its end, so that it is not joined to this one.
            var line = Encoding.UTF8.GetBytes($"{(whole ? "" : "\n")}{Line(key, judgement)}\n");
            stream.Seek(0, SeekOrigin.End);
            stream.Write(line);
            read = stream.Position;
            return kept[key] = judgement;
        }
    }

    // Sharing nothing is a lock between processes; the kernel takes it back when its holder dies.
    private FileStream Open()
    {
        var until = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(File)!);
                var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
                if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                return new FileStream(File, options);
            }
            catch (IOException e) when (e.GetType() == typeof(IOException) && DateTime.UtcNow < until && System.IO.File.Exists(File))
            {
                Thread.Sleep(Random.Shared.Next(1, 10));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UserFaultException($"The judgements in {File} can not be read and written ({e.Message}): set cache in the judge's file to a folder where this is allowed.", e);
            }
        }
    }

    /// <returns>Whether the file ends with a whole line.</returns>
    private bool ReadNew(FileStream stream)
    {
        if (stream.Length < read) read = 0;
        stream.Seek(read, SeekOrigin.Begin);
        var bytes = new byte[stream.Length - read];
        stream.ReadExactly(bytes);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n'))
            if (Parse(line) is var (key, judgement)) kept.TryAdd(key, judgement);
        read += whole;
        return whole == bytes.Length;
    }

    private static string Line(string key, KeptJudgement judgement)
    {
        var line = new Dictionary<string, object> { ["key"] = key, ["verdict"] = judgement.Verdict.ToString().ToLowerInvariant(), ["toxicity"] = judgement.Toxicity };
        if (judgement.Reason is { } reason) line["reason"] = reason;
        return JsonSerializer.Serialize(line);
    }

    private static (string Key, KeptJudgement Judgement)? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line.Length == 0 ? "{}" : line);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("key", out var key) && Reply.Read(line, out _) is { } reply)
                return (key.GetString()!, new KeptJudgement(reply.Verdict, reply.Toxicity, reply.Reason is { Length: > 0 } reason ? reason : null));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Cut off while it was written.
        }
        return null;
    }

    [GeneratedRegex(@"[^A-Za-z0-9._@-]+")]
    private static partial Regex Unsafe();
}
