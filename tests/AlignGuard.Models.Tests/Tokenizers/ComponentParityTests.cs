using System.Text.Json.Nodes;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Steps that no published vocabulary here uses, each in a small file of ours, against the reference; where that leaves out a part of the format
/// (behaviours of Split, Metaspace's split), PreTokenizerTests has the format's documentation.</summary>
public class ComponentParityTests
{
    private static readonly Dictionary<string, Action<JsonObject>> Variants = new()
    {
        ["Digits"] = Cuts("""{"type":"Digits","individual_digits":true}"""),
        ["Digits together"] = Cuts("""{"type":"Digits","individual_digits":false}"""),
        ["Punctuation"] = Cuts("""{"type":"Punctuation"}"""),
        ["WhitespaceSplit"] = Cuts("""{"type":"WhitespaceSplit"}"""),
        ["Lowercase"] = Normalizes("""{"type":"Lowercase"}"""),
        ["NFD and StripAccents"] = Normalizes("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}"""),
        ["NFKC"] = Normalizes("""{"type":"NFKC"}"""),
        ["NFKD"] = Normalizes("""{"type":"NFKD"}"""),
        ["Replace by a pattern"] = Normalizes("""{"type":"Replace","pattern":{"Regex":"[0-9]+"},"content":"0"}"""),
        ["Strip"] = Normalizes("""{"type":"Strip","strip_left":true,"strip_right":true}"""),
        ["Prepend"] = Normalizes("""{"type":"Prepend","prepend":"_"}"""),
    };

    private static readonly Dictionary<string, string> Metaspaces = new()
    {
        ["always"] = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}""",
        ["first"] = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}""",
        ["never"] = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":false}""",
    };

    [Fact]
    public void EveryStepIsTheReferences()
    {
        var files = new List<(string Name, Action<TemporaryFolder> Write)>();
        foreach (var (name, edit) in Variants) files.Add((name, folder => SampleTokenizer.Write(folder, edit)));
        foreach (var (name, metaspace) in Metaspaces)
        {
            files.Add(($"BPE, Metaspace {name}", folder => Llama2(folder, metaspace)));
            files.Add(($"unigram, Metaspace {name}", folder => UnigramSample.Write(folder.Path, json => json["pre_tokenizer"] = JsonNode.Parse(metaspace))));
        }
        files.Add(("unigram", folder => UnigramSample.Write(folder.Path)));
        var folders = files.ConvertAll(_ => new TemporaryFolder());
        foreach (var (file, folder) in files.Zip(folders)) file.Write(folder);
        var texts = HardTexts.All.Concat(SampleTokenizer.Corpus).ToList();
        var answers = NodeReference.Ask(new JsonObject
        {
            ["encode"] = new JsonArray([.. folders.Select(f => (JsonNode)new JsonObject { ["folder"] = f.Path, ["texts"] = new JsonArray([.. texts.Select(t => (JsonNode)t)]) })]),
        })["encode"]!.AsArray();
        var differences = new List<string>();
        foreach (var ((name, _), folder, answer) in files.Zip(folders, answers))
        {
            var tokenizer = HfTokenizer.Load(folder.Path);
            foreach (var (text, expected) in texts.Zip(answer!.AsArray()))
            {
                // To JavaScript U+FEFF is white space and U+0085 is none; to Unicode, and in training, the other way about.
                if (text.Contains('\u0085') && name is "WhitespaceSplit" or "unigram") continue;
                var ids = tokenizer.Encode(text);
                var (wanted, found) = (string.Join(',', expected!["ids"]!.AsArray().Select(i => (int)i!)), string.Join(',', ids));
                if (wanted != found) differences.Add($"{name}: '{text.Replace("\n", "\\n")}': {wanted} wanted, {found} found");
                else if ((string)expected["text"]! != tokenizer.Decode(ids, skipSpecial: false)) differences.Add($"{name}: '{text.Replace("\n", "\\n")}': '{expected["text"]}' wanted, '{tokenizer.Decode(ids, skipSpecial: false)}' decoded");
            }
            folder.Dispose();
        }
        Assert.True(differences.Count == 0, $"{differences.Count} differences\n{string.Join('\n', differences.GroupBy(d => d.Split(':')[0]).SelectMany(g => g.Take(3)).Select(d => d.Length > 300 ? d[..300] : d))}");
    }

    private static Action<JsonObject> Cuts(string step) => json => json["pre_tokenizer"] = new JsonObject
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(JsonNode.Parse(step), JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""")),
    };

    private static Action<JsonObject> Normalizes(string step) => json => json["normalizer"] = JsonNode.Parse(step);

    internal static void Llama2(TemporaryFolder folder, string metaspace)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(NodeReference.Vocabulary("tokenizer-llama2"), "tokenizer.json")))!.AsObject();
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse(metaspace);
        json["decoder"] = JsonNode.Parse("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""");
        folder.Write("tokenizer.json", json.ToJsonString());
        File.Copy(Path.Combine(NodeReference.Vocabulary("tokenizer-llama2"), "tokenizer_config.json"), folder.File("tokenizer_config.json"));
    }
}
