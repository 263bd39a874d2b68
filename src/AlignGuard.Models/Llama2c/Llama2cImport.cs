using System.Text;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Llama2c;

/// <summary>Turns a checkpoint of llama2.c (version 0, float32) and its tokenizer into a Hugging Face folder: the same model, for this runtime and for transformers.</summary>
public static class Llama2cImport
{
    // As llama2.c has them in its code; the file does not say.
    private const double NormEps = 1e-5, RopeTheta = 10000;

    /// <param name="checkpoint"><c>stories15M.bin</c> and the like.</param>
    /// <param name="tokenizer">The <c>tokenizer.bin</c> of the same vocabulary.</param>
    /// <param name="folder">Made; what is in it already is an error. Nothing is written before both files are read and checked.</param>
    /// <returns>Parameters.</returns>
    /// <exception cref="Llama2cException">A file that is none of llama2.c's, damaged, or of another model.</exception>
    /// <exception cref="UserFaultException">The folder is not empty.</exception>
    public static long Run(string checkpoint, string tokenizer, string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UserFaultException($"{folder} exists and is not empty: give another folder, nothing is written over.");
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var file = Llama2cFile.Open(checkpoint);
        var header = Llama2cHeader.Read(file, file.Length);
        var vocabulary = Llama2cVocabulary.Read(tokenizer, header.Vocabulary);
        var weights = Llama2cWeights.Read(file, header);

        Directory.CreateDirectory(folder);
        Llama2cTokenizer.Save(vocabulary, folder);
        Text("generation_config.json", "{\n  \"bos_token_id\": 1,\n  \"eos_token_id\": 2\n}\n");
        SafetensorsFile.Save(Path.Combine(folder, Checkpoint.SingleFile), weights, new Dictionary<string, string> { ["format"] = "pt" });
        // Last: a folder without it is no model.
        Text("config.json", ModelConfigFile.Write(Config(header)));
        return weights.Values.Sum(w => w.numel());

        void Text(string name, string text) => AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    private static DecoderConfig Config(Llama2cHeader h) => new()
    {
        VocabSize = h.Vocabulary,
        HiddenSize = h.Hidden,
        IntermediateSize = h.Intermediate,
        Layers = h.Layers,
        Heads = h.Heads,
        KvHeads = h.KvHeads,
        HeadDim = h.HeadDim,
        NormEps = NormEps,
        Rope = new RopeConfig { Theta = RopeTheta },
        TieWordEmbeddings = h.TiedHead,
        MaxPositions = h.Positions,
        BosId = 1,
        EosIds = [2],
    };
}
