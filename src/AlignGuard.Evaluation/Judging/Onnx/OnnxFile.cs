using AlignGuard.Evaluation.Judging.Files;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>The keys of <c>kind: onnx</c>.</summary>
internal static class OnnxFile
{
    private const int LongestText = 1 << 16;

    public static readonly string[] Keys = ["kind", "model", "input", "labels", "toxic", "activation", "verdicts", "maxLength", "batch", "threads"];

    public static OnnxSettings? Read(JudgeKeys keys)
    {
        keys.Only(Keys);
        var model = keys.FullPath("model", "the folder of a classifier, or its .onnx file", required: true);
        var settings = new OnnxSettings(model ?? "")
        {
            Input = keys.Choice("input", "answer", "pair", "chat") switch { "pair" => JudgedText.Pair, "chat" => JudgedText.Chat, _ => JudgedText.Answer },
            Labels = keys.Texts("labels", "a label"),
            Toxic = keys.Texts("toxic", "a label"),
            Activation = keys.Choice("activation", "sigmoid", "softmax") switch { "sigmoid" => Activation.Sigmoid, "softmax" => Activation.Softmax, _ => null },
            Verdicts = keys.Group("verdicts", "verdicts: { refused: refusal, complied: compliance }") is { } verdicts ? Verdicts(verdicts) : null,
            MaxLength = keys.Has("maxLength") ? keys.Whole("maxLength", 512, 8, LongestText) : null,
            Batch = keys.Whole("batch", 16, 1, 1024),
            Threads = keys.Whole("threads", 0, 0, 256),
        };
        return model is null ? null : settings;
    }

    private static VerdictLabels? Verdicts(JudgeKeys keys)
    {
        keys.Only("refused", "complied", "incoherent");
        var (refused, complied, incoherent) = (keys.Text("refused", "a label", required: true), keys.Text("complied", "a label", required: true), keys.Text("incoherent", "a label"));
        if (refused is null || complied is null) return null;
        if (refused == complied || incoherent == refused || incoherent == complied) keys.Refuse("refused", "each verdict needs a label of its own.");
        return new VerdictLabels(refused, complied, incoherent);
    }
}
