using System.Text.Json;
using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

/// <summary>
/// The weights of a model folder as one map from name to tensor: <c>model.safetensors</c>, or the shards that
/// <c>model.safetensors.index.json</c> lists. All files are open and their headers checked; tensors are read when asked for.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";

    private readonly Dictionary<string, SafetensorsFile> files;
    private readonly Dictionary<string, SafetensorsFile> owner;

    private Checkpoint(Dictionary<string, SafetensorsFile> files)
    {
        this.files = files;
        owner = files.Values.SelectMany(f => f.Names, (f, name) => (f, name)).ToDictionary(x => x.name, x => x.f, StringComparer.Ordinal);
    }

    /// <summary>All tensors' names, in ordinal order.</summary>
    public IReadOnlyList<string> Names => [.. owner.Keys.Order(StringComparer.Ordinal)];

    public bool Contains(string name) => owner.ContainsKey(name);

    /// <summary>The paths of the weight files, in ordinal order.</summary>
    public IReadOnlyList<string> Files => [.. files.Values.Select(f => f.Path).Order(StringComparer.Ordinal)];

    /// <exception cref="SafetensorsException"><see cref="SafetensorsFault.TensorMissing"/>.</exception>
    public TensorInfo Info(string name) => FileOf(name).Info(name);

    /// <inheritdoc cref="SafetensorsFile.Read"/>
    public Tensor Read(string name) => FileOf(name).Read(name);

    /// <inheritdoc cref="SafetensorsFile.FirstNonFinite"/>
    public NonFiniteValue? FirstNonFinite() => files.Values.Select(f => f.FirstNonFinite()).FirstOrDefault(bad => bad is not null);

    /// <summary>Opens a model folder. A single file is preferred where both forms are present, as the reference does.</summary>
    /// <exception cref="ModelFormatException">No weights, or a damaged index; all missing shards and tensors together.</exception>
    /// <exception cref="SafetensorsException">A damaged file.</exception>
    public static Checkpoint Open(string folder)
    {
        if (!Directory.Exists(folder)) throw new ModelFormatException($"{folder} is no folder: give the folder of a Hugging Face checkpoint.");
        var single = System.IO.Path.Combine(folder, SingleFile);
        if (File.Exists(single)) return new Checkpoint(new() { [SingleFile] = SafetensorsFile.Open(single) });
        var index = System.IO.Path.Combine(folder, IndexFile);
        if (File.Exists(index)) return OpenShards(folder, index);
        throw new ModelFormatException(
            Directory.EnumerateFiles(folder, "*.bin").Any() || Directory.EnumerateFiles(folder, "*.pt*").Any()
                ? $"{folder} has weights as pickle only, which can run code and is never read: convert them to safetensors."
                : $"{folder} has neither {SingleFile} nor {IndexFile}: download the model's weights in safetensors form.");
    }

    private static Checkpoint OpenShards(string folder, string index)
    {
        var wanted = ReadIndex(index);
        var files = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        try
        {
            var problems = new List<string>();
            foreach (var shard in wanted.Values.Distinct().Order(StringComparer.Ordinal))
            {
                var path = System.IO.Path.Combine(folder, shard);
                if (File.Exists(path)) files[shard] = SafetensorsFile.Open(path);
                else problems.Add($"{path} does not exist, though {IndexFile} lists it: download this shard.");
            }
            foreach (var (name, shard) in wanted)
                if (files.TryGetValue(shard, out var file) && !file.Contains(name))
                    problems.Add($"{file.Path}: tensor '{name}' is missing, though {IndexFile} places it there: download both again.");
            foreach (var (shard, file) in files)
                foreach (var name in file.Names)
                    if (!wanted.TryGetValue(name, out var place) || place != shard)
                        problems.Add($"{file.Path}: tensor '{name}' is not placed there by {IndexFile}: index and shard are of different checkpoints.");
            if (problems.Count > 0) throw new ModelFormatException(problems);
            return new Checkpoint(files);
        }
        catch
        {
            foreach (var file in files.Values) file.Dispose();
            throw;
        }
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        using var document = ModelJson.Read(index, SafetensorsLimits.MaxHeaderBytes);
        var keys = new JsonKeys(index);
        var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
        if (keys.Object(document.RootElement, "weight_map", "weight_map") is not { } map)
        {
            keys.Add("weight_map", "is missing: expected a map from tensor name to file name.");
            throw new ModelFormatException(keys.Problems);
        }
        foreach (var entry in map.EnumerateObject())
        {
            var key = $"weight_map.{entry.Name}";
            if (keys.Text(entry.Value, key) is not { } shard) continue;
            if (!IsPlainFileName(shard)) keys.Add(key, "must be the name of a .safetensors file in this folder, without any path.");
            else wanted[entry.Name] = shard;
        }
        if (keys.Ok && wanted.Count == 0) keys.Add("weight_map", "lists no tensor.");
        keys.ThrowIfAny();
        return wanted;
    }

    // An allow-list: it shuts out separators of both systems, drives, UNC, NUL, '..' and everything not yet thought of.
    private static bool IsPlainFileName(string name) =>
        name.Length is > 0 and <= 200 && name.EndsWith(".safetensors", StringComparison.Ordinal) && name[0] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private SafetensorsFile FileOf(string name) =>
        owner.TryGetValue(name, out var file)
            ? file
            : throw new SafetensorsException(SafetensorsFault.TensorMissing, string.Join(", ", Files), $"is not among the checkpoint's {owner.Count} tensors.", name);

    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }
}
