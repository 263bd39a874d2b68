using System.Text;
using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Verification;

namespace AlignGuard.Pipeline.Export;

/// <summary>
/// What a published adapter was trained on, as <c>base_model.json</c> beside it. An adapter's own tensors do not tell: one of another vocabulary, or of the same shapes and other weights, fits them all. peft does not read it.
/// </summary>
/// <param name="Sha256">Of the base's configuration, tokenizer and weights.</param>
/// <param name="Architecture">As config.json names it.</param>
/// <param name="Revision">Commit of the published base; null where nobody noted it. The hash decides, not this.</param>
public sealed record AdapterBase(string Sha256, string Architecture, int Vocabulary, int Hidden, int Intermediate, int Layers, int Heads, int KeyValueHeads, int HeadDim, string? Revision = null)
{
    public const string FileName = "base_model.json";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <param name="hash">Where it is known already: it is of all the weights.</param>
    public static AdapterBase Of(string folder, string? hash = null)
    {
        var model = ModelFolder.Read(folder);
        var s = model.Shape;
        return new AdapterBase(hash ?? ModelHost.HashOf(folder), model.Architecture, s.Vocab, s.Hidden, s.Intermediate, s.Layers, s.Heads, s.KvHeads, s.HeadDim, model.Revision?.Commit);
    }

    public byte[] ToJson() => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this, Options) + "\n");

    /// <param name="source">Names it in errors.</param>
    /// <exception cref="ModelFormatException">It is not what <see cref="ToJson"/> gives.</exception>
    public static AdapterBase FromJson(byte[] json, string source)
    {
        try
        {
            if (JsonSerializer.Deserialize<AdapterBase>(json, Options) is { Sha256.Length: > 0, Architecture: not null } read) return read;
        }
        catch (JsonException)
        {
            // Told below.
        }
        throw new ModelFormatException([$"{source} does not say what base model the adapter belongs to: take it from where the adapter came from again, or remove it to load the adapter by its tensors alone."]);
    }

    /// <summary>Everything in which a model differs from it, a sentence each.</summary>
    /// <param name="adapter">Names it in them.</param>
    /// <param name="hash">Of the model, where it is known already.</param>
    public IEnumerable<string> Mismatches(string adapter, string folder, string? hash = null)
    {
        var found = Of(folder, hash);
        foreach (var (what, wanted, has) in new (string, object, object)[]
        {
            ("architecture", Architecture, found.Architecture), ("vocabulary", Vocabulary, found.Vocabulary), ("hidden size", Hidden, found.Hidden), ("feed-forward size", Intermediate, found.Intermediate),
            ("number of layers", Layers, found.Layers), ("number of heads", Heads, found.Heads), ("number of key/value heads", KeyValueHeads, found.KeyValueHeads), ("head size", HeadDim, found.HeadDim),
        })
            if (!wanted.Equals(has)) yield return $"{adapter} was trained on a base model whose {what} is {wanted}; that of {folder} is {has}.";
        if (Sha256 != found.Sha256) yield return $"{adapter} was trained on a base model with sha-256 {Sha256}; {folder} has {found.Sha256}.";
    }

    /// <summary>A PEFT folder's adapter on its base model: as <see cref="PeftAdapter.Load"/>, and where <c>base_model.json</c> is there, on that model alone.</summary>
    /// <param name="modelFolder">What <paramref name="model"/> was loaded from.</param>
    /// <param name="modelHash">Of that folder, where it is known already.</param>
    /// <exception cref="ModelFormatException">Every mismatch: of the base's configuration, its hash, and tensors.</exception>
    public static LoraAdapter Load(LanguageModel model, string modelFolder, string adapterFolder, string? modelHash = null)
    {
        var path = Path.Combine(adapterFolder, FileName);
        List<string> problems = File.Exists(path) ? [.. FromJson(File.ReadAllBytes(path), path).Mismatches(adapterFolder, modelFolder, modelHash)] : [];
        try
        {
            var adapter = PeftAdapter.Load(model, adapterFolder);
            if (problems.Count == 0) return adapter;
            adapter.Dispose();
        }
        catch (ModelFormatException e)
        {
            problems.AddRange(e.Problems);
        }
        throw new ModelFormatException(problems);
    }
}
