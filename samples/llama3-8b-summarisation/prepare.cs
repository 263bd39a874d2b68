// Makes train.jsonl and eval.jsonl out of a summarisation set that you bring:
//   dotnet run samples/llama3-8b-summarisation/prepare.cs -- SET.jsonl FOLDER [EVAL-ROWS] [LONGEST-CHARACTERS]
// A line of the set is an object with a text (document, article, dialogue or text) and its summary (summary, highlights or abstract). A row goes to one side by a hash of its text, so that the same text is never on both
// and the split is the same on every machine; texts that are there twice, empty or longer than the limit are left out and counted.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

string[] texts = ["document", "article", "dialogue", "text"], summaries = ["summary", "highlights", "abstract"];
if (args.Length is < 2 or > 4 || !int.TryParse(args.ElementAtOrDefault(2) ?? "1000", out var evalRows) || !int.TryParse(args.ElementAtOrDefault(3) ?? "3000", out var longest) || evalRows < 1 || longest < 1)
    return Fail("Give the set, a folder and, if you like, the number of rows for evaluation (1000) and the longest text in characters (3000).");
if (!File.Exists(args[0])) return Fail($"There is no file {args[0]}.");

var (rows, seen, left, problems) = (new SortedDictionary<string, string>(StringComparer.Ordinal), new HashSet<string>(), (Empty: 0, Long: 0, Twice: 0), new List<string>());
var number = 0;
foreach (var line in File.ReadLines(args[0]))
{
    number++;
    if (string.IsNullOrWhiteSpace(line)) continue;
    if (Read(line) is not { } row)
    {
        problems.Add($"{args[0]}:{number}: an object with one of {string.Join(", ", texts)} and one of {string.Join(", ", summaries)} is expected, both text.");
        continue;
    }
    var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(row.Text)));
    if (row.Text.Length == 0 || row.Summary.Length == 0) left.Empty++;
    else if (row.Text.Length > longest) left.Long++;
    else if (!seen.Add(hash)) left.Twice++;
    else rows.Add(hash, new JsonObject
    {
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = $"Summarise the following text.\n\n{row.Text}" },
            new JsonObject { ["role"] = "assistant", ["content"] = row.Summary }),
    }.ToJsonString());
}
if (problems.Count == 0 && rows.Count <= evalRows) problems.Add($"Only {rows.Count} rows are left, and {evalRows} are for evaluation.");
if (problems.Count > 0) return Fail([.. problems.Take(20)]);

// Nothing is written before all of it is known to be good.
Directory.CreateDirectory(args[1]);
File.WriteAllLines(Path.Combine(args[1], "eval.jsonl"), rows.Values.Take(evalRows));
File.WriteAllLines(Path.Combine(args[1], "train.jsonl"), rows.Values.Skip(evalRows));
Console.WriteLine($"{rows.Count - evalRows} rows for training, {evalRows} for evaluation; left out: {left.Twice} there twice, {left.Long} longer than {longest} characters, {left.Empty} empty.");
return 0;

(string Text, string Summary)? Read(string line)
{
    try
    {
        return JsonNode.Parse(line) is JsonObject row && Text(row, texts) is { } text && Text(row, summaries) is { } summary ? (text, summary) : null;
    }
    catch (System.Text.Json.JsonException)
    {
        return null;
    }
}

static string? Text(JsonObject row, string[] names) => names.Select(name => row[name]).OfType<JsonValue>().Select(value => value.TryGetValue<string>(out var text) ? text.Trim() : null).FirstOrDefault(text => text is not null);

static int Fail(params string[] problems)
{
    foreach (var problem in problems) Console.Error.WriteLine(problem);
    return 2;
}
