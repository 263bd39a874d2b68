using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>Where the files of a classifier are.</summary>
/// <param name="Name">What the user named: the folder's or the file's name.</param>
/// <param name="Model">The .onnx file.</param>
/// <param name="Folder">Of tokenizer.json and the files beside it.</param>
internal sealed record ClassifierFolder(string Name, string Model, string Folder)
{
    public const string ModelFile = "model.onnx", ConfigFile = "config.json";

    public string Config => Path.Combine(Folder, ConfigFile);

    public string Tokenizer => Path.Combine(Folder, "tokenizer.json");

    public string TokenizerConfig => Path.Combine(Folder, "tokenizer_config.json");

    /// <summary>The .onnx file and the files that its weights are kept in, where they are apart (<c>model.onnx_data</c>), in a fixed order.</summary>
    public IReadOnlyList<string> Weights =>
        [Model, .. Directory.GetFiles(Path.GetDirectoryName(Model)!, Path.GetFileName(Model) + "?*").Where(f => Path.GetFileName(f).Contains("data", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <exception cref="UserFaultException">What is missing.</exception>
    public static ClassifierFolder Find(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var model = Directory.Exists(full) ? ModelIn(full) : full;
        var problems = new List<string>();
        if (!File.Exists(model)) problems.Add($"There is no file {model}: give the folder of a classifier in ONNX form, with {ModelFile} and tokenizer.json, or its .onnx file.");
        // Exports keep the model in a subfolder of the folder with everything else.
        var near = Path.GetDirectoryName(model)!;
        var folder = new[] { near, Path.GetDirectoryName(near) }.FirstOrDefault(f => f is not null && File.Exists(Path.Combine(f, "tokenizer.json")));
        if (folder is null && problems.Count == 0) problems.Add($"There is no {Path.Combine(near, "tokenizer.json")}: copy it from the model that {Path.GetFileName(model)} was exported from.");
        return problems.Count == 0 ? new ClassifierFolder(Path.GetFileName(full), model, folder!) : throw new UserFaultException(problems);
    }

    private static string ModelIn(string folder)
    {
        var nested = Path.Combine(folder, "onnx", ModelFile);
        var direct = Path.Combine(folder, ModelFile);
        return !File.Exists(direct) && File.Exists(nested) ? nested : direct;
    }
}
