using System.Text;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// Answers of a measurement that is not committed yet, batch by batch as they come, each batch with its hash: a process that is killed at the last of ten thousand prompts does not begin at the first again.
/// A convenience, and no record: what is damaged or torn is left out and answered anew, and who finds another writer at it leaves the journal to it.
/// </summary>
internal sealed class AnswerJournal
{
    private readonly IArtifactStore store;
    private readonly string name;
    private long end;
    private bool mine = true;

    private AnswerJournal(IArtifactStore store, string name, IReadOnlyDictionary<string, PromptAnswer> held, long end) => (this.store, this.name, Held, this.end) = (store, name, held, end);

    /// <summary>What an earlier attempt answered, by prompt id.</summary>
    public IReadOnlyDictionary<string, PromptAnswer> Held { get; }

    /// <param name="madeFrom">Everything that the answers depend on.</param>
    public static async Task<AnswerJournal> OpenAsync(RunContext run, string command, string madeFrom)
    {
        var name = $"{Prefix(run, command)}{Hashing.Sha256(Encoding.UTF8.GetBytes(madeFrom))[..12]}.jsonl";
        var found = await run.Store.ReadAsync(name);
        var (held, sound) = Sound(found?.Content ?? []);
        if (found is not null && sound < found.Content.Length) await run.Store.ReplaceAsync(name, found.Content.AsMemory(0, sound), found.Version);
        return new AnswerJournal(run.Store, name, held, sound);
    }

    public async Task AddAsync(IReadOnlyList<PromptAnswer> answers)
    {
        if (!mine) return;
        var lines = Measuring.Lines(answers);
        byte[] batch = [.. Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new Head(lines.Length, Hashing.Sha256(lines))) + "\n"), .. lines];
        mine = await store.AppendAsync(name, batch, end);
        end += batch.Length;
        InjectionPoints.Reached("answers-kept");
    }

    /// <summary>What it answers is committed.</summary>
    public static async Task ForgetAsync(RunContext run, Command command)
    {
        foreach (var name in await run.Store.ListAsync(Prefix(run, command.Id))) await run.Store.DeleteAsync(name);
    }

    private static string Prefix(RunContext run, string command) => $"{run.Folder}/answering/{command.Replace('/', '-')}-";

    /// <summary>The answers of all batches up to the first that is not as it was written, and where that begins.</summary>
    private static (Dictionary<string, PromptAnswer> Held, int Sound) Sound(byte[] content)
    {
        var (held, at) = (new Dictionary<string, PromptAnswer>(StringComparer.Ordinal), 0);
        while (Array.IndexOf(content, (byte)'\n', at) is var line && line >= 0)
        {
            try
            {
                if (JsonSerializer.Deserialize<Head>(content.AsSpan(at, line - at)) is not { Sha256: not null } head || head.Bytes < 0 || head.Bytes > content.Length - line - 1) break;
                var lines = content[(line + 1)..(line + 1 + head.Bytes)];
                if (Hashing.Sha256(lines) != head.Sha256) break;
                foreach (var answer in Measuring.ReadLines<PromptAnswer>(lines)) held[answer.Id] = answer;
                at = line + 1 + head.Bytes;
            }
            catch (JsonException)
            {
                break;
            }
        }
        return (held, at);
    }

    private sealed record Head(int Bytes, string Sha256);
}
