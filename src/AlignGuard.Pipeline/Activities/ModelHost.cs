using System.Security.Cryptography;
using AlignGuard.Models.Chat;
using TorchSharp;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Keeps the last opened model: the activities of a run, and runs on the same model, share it.</summary>
/// <param name="device">Where they compute; null = the processor.</param>
public sealed class ModelHost(torch.Device? device = null) : IDisposable
{
    private (string Folder, torch.ScalarType Dtype, ChatModel Model, string Hash)? _open;

    public torch.Device Device { get; } = device ?? torch.CPU;

    /// <param name="dtype">Of the frozen weights.</param>
    public ChatModel Open(string folder, torch.ScalarType dtype = torch.ScalarType.Float32) => Get(folder, dtype).Model;

    /// <summary>How conversations are written for a model: of the open one, or of a folder's files without opening it.</summary>
    public ConversationFormat Format(string folder) => _open is { } open && open.Folder == folder ? open.Model.Format : ConversationFormat.Load(folder);

    /// <summary>See <see cref="HashOf"/>.</summary>
    public string Hash(string folder) => Get(folder, _open?.Dtype ?? torch.ScalarType.Float32).Hash;

    public void Dispose() => _open?.Model.Dispose();

    private (string Folder, torch.ScalarType Dtype, ChatModel Model, string Hash) Get(string folder, torch.ScalarType dtype)
    {
        if (_open is { } open && open.Folder == folder && open.Dtype == dtype) return open;
        _open?.Model.Dispose();
        _open = null;
        using var scope = torch.NewDisposeScope();
        var model = ChatModel.Load(folder, Device, dtype);
        return (_open = (folder, dtype, model, HashOf(folder))).Value;
    }

    /// <summary>sha-256 over names and contents of the files that make up a model.</summary>
    public static string HashOf(string folder)
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
