using System.IO.Compression;
using System.Text;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Pipeline.Tests.Data;

/// <summary>A folder for data files that goes with the test.</summary>
public sealed class DataFolder : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("alignguard-data-").FullName;

    public string File(string name) => Path.Combine(folder, name);

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public string Write(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), name.EndsWith(".gz", StringComparison.Ordinal) ? Pack(content) : content);
        return File(name);
    }

    public static byte[] Pack(byte[] content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(content);
        return packed.ToArray();
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}

/// <summary>A ChatML tokenizer with the whole byte alphabet.</summary>
public static class SampleChat
{
    private static readonly Lazy<HfTokenizer> Loaded = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("alignguard-tokenizer-").FullName;
        try
        {
            BpeTrainer.Train(["How do I bake a loaf of bread? First mix the flour, the water and the yeast.", "system user assistant\n"],
                new BpeTrainerOptions(300, 2, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]))
                .Save(folder, eosToken: "<|im_end|>", padToken: "<|endoftext|>", chatTemplate: ChatFormat.ChatMlTemplate);
            return HfTokenizer.Load(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    public static HfTokenizer Tokenizer => Loaded.Value;

    public static ChatFormat Format { get; } = ChatFormat.For(Tokenizer);
}
