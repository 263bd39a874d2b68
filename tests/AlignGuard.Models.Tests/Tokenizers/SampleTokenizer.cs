using System.Text.Json.Nodes;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>A small tokenizer of our own trainer, with the whole byte alphabet; and variants of its files.</summary>
public static class SampleTokenizer
{
    public static readonly string[] Corpus =
    [
        "How do I bake a loaf of bread? First mix the flour, the water and the yeast.",
        "I can't help with that. I'm sorry, but I won't explain how to pick a lock.",
        "Let the dough rest for 12 hours, then bake it at 230 degrees for 45 minutes.",
        "The quick brown fox jumps over the lazy dog; they're at it again, aren't they?",
        "Straße, naïve café, Здравствуй мир, 你好世界, 𝐁𝐨𝐥𝐝 😀😀 emoji\tand tabs\r\n\r\n  indented",
        "Explain the water cycle. The water evaporates, forms clouds, and then it rains.",
        "system user assistant system user assistant\n",
    ];

    public static TrainedBpe Train(int vocabSize = 400) =>
        BpeTrainer.Train(Corpus, new BpeTrainerOptions(vocabSize, 2, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]));

    /// <summary>Loads a ChatML tokenizer, after changes to its two files.</summary>
    public static HfTokenizer Load(Action<JsonObject>? edit = null, Action<JsonObject>? editConfig = null)
    {
        using var folder = new TemporaryFolder();
        Write(folder, edit, editConfig);
        return HfTokenizer.Load(folder.Path);
    }

    public static void Write(TemporaryFolder folder, Action<JsonObject>? edit = null, Action<JsonObject>? editConfig = null)
    {
        Train().Save(folder.Path, eosToken: "<|im_end|>", padToken: "<|endoftext|>", chatTemplate: ChatFormat.ChatMlTemplate);
        Edit(folder.File("tokenizer.json"), edit);
        Edit(folder.File("tokenizer_config.json"), editConfig);
    }

    private static void Edit(string path, Action<JsonObject>? edit)
    {
        if (edit is null) return;
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
