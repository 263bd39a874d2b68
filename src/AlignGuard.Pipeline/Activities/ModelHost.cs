using System.Security.Cryptography;
using AlignGuard.Models.Chat;
using TorchSharp;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Keeps the last opened model: the activities of a run, and runs on the same model, share it.</summary>
public sealed class ModelHost : IDisposable
{
    private (string Folder, ChatModel Model, string Hash)? _open;

    public ChatModel Open(string folder) => Get(folder).Model;

    /// <summary>sha-256 over names and contents of the files that make up the model.</summary>
    public string Hash(string folder) => Get(folder).Hash;

    public void Dispose() => _open?.Model.Dispose();

    private (string Folder, ChatModel Model, string Hash) Get(string folder)
    {
        if (_open is { } open && open.Folder == folder) return open;
        _open?.Model.Dispose();
        _open = null;
        using var scope = torch.NewDisposeScope();
        var model = ChatModel.Load(folder);
        return (_open = (folder, model, HashOf(folder))).Value;
    }

    private static string HashOf(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Directory.EnumerateFiles(folder).Where(IsPart).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(path) + "\n"));
            using var file = File.OpenRead(path);
            hash.AppendData(SHA256.HashData(file));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool IsPart(string path) => Path.GetExtension(path) is ".safetensors" || Path.GetFileName(path) is
        "config.json" or "tokenizer.json" or "tokenizer_config.json" or "generation_config.json" or "chat_template.jinja" or "model.safetensors.index.json";
}
