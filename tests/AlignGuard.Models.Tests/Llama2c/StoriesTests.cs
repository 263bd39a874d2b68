using System.Text;
using System.Text.Json.Nodes;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Llama2c;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Tests;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Models.Tests.Llama2c;

/// <summary>A published checkpoint of llama2.c, imported: it tells the story that llama2.c's own tests expect of it, and reads text as llama2.c does.</summary>
[Collection(TensorCollection.Name)]
public sealed class StoriesTests : IDisposable
{
    // What llama2.c's tests expect of stories260K at temperature 0 in 200 steps.
    private const string Story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n"
        + "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. She said, \"I want to play with your ball, but I can't find it.\"\n"
        + "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\nLily didn't want to help her mom, so she";

    private static readonly string[] Texts =
        [Story, "", " ", "  two  spaces ", "Once upon a time", "Zoë's naïve café — 日本語 😀", "tabs\tand\nlines\r\n", "xyzzy QQQ 12345", "aaaaaaaaaaaaaaaaaaaa", "the the the", "<s> is text </s>", "▁"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void The_story_is_told_word_for_word()
    {
        var folder = Imported();
        using var model = DecoderCheckpoint.Load(folder);
        var tokenizer = HfTokenizer.Load(folder);
        Assert.Equal((512, 512, true, 1e-5, 4), (model.Config.VocabSize, tokenizer.VocabSize, model.Config.TieWordEmbeddings, model.Config.NormEps, model.Config.KvHeads));
        Assert.Equal((1, 2), (tokenizer.BosId, tokenizer.EosId));
        var told = TextGenerator.Generate(model, [[1]], new GenerationOptions { MaxNewTokens = 200 })[0];
        Assert.Equal(Story, tokenizer.Decode(told));
    }

    /// <summary>Its greedy loop over scores, written down again: the pair with the highest score is merged, the leftmost of equals, until none is left.</summary>
    [SkippableFact]
    public void Text_becomes_the_ids_that_llama2c_makes()
    {
        var tokenizer = HfTokenizer.Load(Imported());
        var vocabulary = Raw(Path.Combine(SharedFolder.Get("data"), "tok512.bin"), 512);
        // It writes control tokens as no vocabulary has them: <s> in a text is text to both.
        foreach (var text in Texts.Where(t => !t.Contains("<s>") && !t.Contains('▁')))
            Assert.Equal(Merged(vocabulary, text), tokenizer.Encode(text));
        Assert.Equal([1, .. Merged(vocabulary, "Once upon a time")], tokenizer.Encode("Once upon a time", addSpecialTokens: true));
    }

    [SkippableFact]
    public void The_reference_reads_the_tokenizer_alike()
    {
        var folder = Imported();
        var answers = NodeReference.Ask(new JsonObject
        {
            ["encode"] = new JsonArray(new JsonObject { ["folder"] = folder, ["texts"] = new JsonArray([.. Texts.Select(t => (JsonNode)t)]) }),
        })["encode"]![0]!.AsArray();
        var tokenizer = HfTokenizer.Load(folder);
        foreach (var (text, answer) in Texts.Zip(answers))
        {
            int[] ids = [.. answer!["ids"]!.AsArray().Select(i => (int)i!)];
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal([.. answer["special"]!.AsArray().Select(i => (int)i!)], tokenizer.Encode(text, addSpecialTokens: true));
            Assert.Equal((string?)answer["text"], tokenizer.Decode(ids, skipSpecial: false));
        }
    }

    [SkippableFact]
    public void A_folder_that_holds_something_is_left_alone()
    {
        var folder = Imported();
        var before = Directory.GetFiles(folder).ToDictionary(f => f, File.ReadAllBytes);
        Assert.Contains("not empty", Assert.Throws<UserFaultException>(() => Imported()).Message);
        Assert.All(Directory.GetFiles(folder), f => Assert.Equal(before[f], File.ReadAllBytes(f)));
    }

    private string Imported()
    {
        var data = SharedFolder.Get("data");
        var folder = _folder.File("stories");
        Llama2cImport.Run(Path.Combine(data, "stories260K.bin"), Path.Combine(data, "tok512.bin"), folder);
        return folder;
    }

    private static List<(string Text, float Score)> Raw(string path, int count)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        reader.ReadInt32();
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var score = reader.ReadSingle();
            return (Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32())), score);
        })];
    }

    private static int[] Merged(List<(string Text, float Score)> vocabulary, string text)
    {
        if (text.Length == 0) return [];
        var ids = new List<int> { Find(" ") };
        foreach (var rune in text.EnumerateRunes())
            if (Find(rune.ToString()) is >= 0 and var id) ids.Add(id);
            else ids.AddRange(Encoding.UTF8.GetBytes(rune.ToString()).Select(b => b + 3));
        while (true)
        {
            var (score, at, merged) = (-1e10f, -1, -1);
            for (var i = 0; i + 1 < ids.Count; i++)
                if (Find(vocabulary[ids[i]].Text + vocabulary[ids[i + 1]].Text) is >= 0 and var id && vocabulary[id].Score > score) (score, at, merged) = (vocabulary[id].Score, i, id);
            if (at < 0) return [.. ids];
            ids[at] = merged;
            ids.RemoveAt(at + 1);
        }

        int Find(string piece) => vocabulary.FindIndex(t => t.Text == piece);
    }
}
