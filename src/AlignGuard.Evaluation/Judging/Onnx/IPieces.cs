using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>Cuts a text into token ids. Nothing in it is special: "[SEP]" in an answer becomes the tokens of its characters.</summary>
internal interface IPieces
{
    int[] Encode(string text);
}

/// <summary>Pieces of BPE and unigram.</summary>
internal sealed class HfPieces(HfTokenizer tokenizer) : IPieces
{
    public int[] Encode(string text) => tokenizer.EncodeLiteral(text);
}
