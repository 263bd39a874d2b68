using AlignGuard.Models;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>
/// A text classifier in ONNX form: <c>input_ids</c>, perhaps <c>attention_mask</c> and <c>token_type_ids</c>, [batch, length] of 64 or 32 bits, to
/// <c>logits</c>, [batch, labels] of 32 or 16 bits.
/// </summary>
internal sealed class ClassifierSession : IDisposable
{
    private const string IdsName = "input_ids", MaskName = "attention_mask", TypesName = "token_type_ids", LogitsName = "logits";

    private readonly InferenceSession session;
    private readonly string path;
    private readonly bool halves;

    private ClassifierSession(InferenceSession session, string path)
    {
        (this.session, this.path) = (session, path);
        var problems = Problems();
        if (problems.Count > 0) throw new UserFaultException(problems);
        halves = session.OutputMetadata[LogitsName].ElementDataType == TensorElementType.Float16;
        Labels = Size(session.OutputMetadata[LogitsName].Dimensions[1]);
        (FixedRows, FixedLength) = (Size(session.InputMetadata[IdsName].Dimensions[0]), Size(session.InputMetadata[IdsName].Dimensions[1]));
        IsMasked = session.InputMetadata.ContainsKey(MaskName);
    }

    /// <summary>How many labels it tells apart; null where the file leaves it open.</summary>
    public int? Labels { get; }

    /// <summary>The only number of rows it takes; null: any.</summary>
    public int? FixedRows { get; }

    /// <summary>The only length of rows it takes; null: any.</summary>
    public int? FixedLength { get; }

    /// <summary>Whether rows may be filled up; without a mask padding would be read.</summary>
    public bool IsMasked { get; }

    /// <exception cref="UserFaultException">The file is damaged, or is no such classifier: what it has is named.</exception>
    public static ClassifierSession Open(string path, int threads)
    {
        InferenceSession? session = null;
        try
        {
            using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            // Idle threads would spin on the cores that the model under test computes on.
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            session = new InferenceSession(path, options);
            return new ClassifierSession(session, path);
        }
        catch (OnnxRuntimeException e)
        {
            throw new UserFaultException($"{path} is no model that can be run ({FirstLine(e)}): export or download it again.", e);
        }
        catch (UserFaultException)
        {
            session?.Dispose();
            throw;
        }
    }

    /// <param name="rows">As many as <see cref="FixedRows"/> where that is given.</param>
    /// <returns>A row of logits for each.</returns>
    /// <exception cref="UserFaultException">The model fails, or says what is no number.</exception>
    public float[][] Logits(IReadOnlyList<TextRow> rows, int padId)
    {
        var length = FixedLength ?? rows.Max(r => r.Ids.Length);
        long[] shape = [rows.Count, length];
        var values = new List<OrtValue>();
        try
        {
            foreach (var (name, input) in session.InputMetadata)
                values.Add(Tensor(input.ElementDataType, shape, name switch
                {
                    IdsName => (row, i) => i < row.Ids.Length ? row.Ids[i] : padId,
                    MaskName => (row, i) => i < row.Ids.Length ? 1 : 0,
                    _ => (row, i) => i < row.Types.Length ? row.Types[i] : 0,
                }, rows));
            using var options = new RunOptions();
            using var outputs = session.Run(options, [.. session.InputMetadata.Keys], values, [LogitsName]);
            return Read(outputs[0], rows.Count);
        }
        catch (OnnxRuntimeException e)
        {
            throw new UserFaultException($"{path} fails on a batch of {rows.Count} texts of up to {length} tokens ({FirstLine(e)}): is the tokenizer that of this model, and is maxLength within what it takes?", e);
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    public void Dispose() => session.Dispose();

    private float[][] Read(OrtValue output, int rows)
    {
        var shape = output.GetTensorTypeAndShape().Shape;
        if (shape is not [var count, var labels] || count != rows || labels < 1)
            throw new UserFaultException($"{path}: {LogitsName} came out as [{string.Join(", ", shape)}] for {rows} texts: [{rows}, labels] is needed.");
        float[] all = halves ? [.. output.GetTensorDataAsSpan<Float16>().ToArray().Select(h => (float)h)] : output.GetTensorDataAsSpan<float>().ToArray();
        if (!all.All(float.IsFinite)) throw new UserFaultException($"{path}: {LogitsName} holds what is no number: the weights are damaged, or too large for 16 bits.");
        return [.. all.Chunk((int)labels)];
    }

    private static OrtValue Tensor(TensorElementType type, long[] shape, Func<TextRow, int, int> at, IReadOnlyList<TextRow> rows)
    {
        var length = (int)shape[1];
        if (type == TensorElementType.Int32) return OrtValue.CreateTensorValueFromMemory(Filled<int>(v => v), shape);
        return OrtValue.CreateTensorValueFromMemory(Filled<long>(v => v), shape);

        T[] Filled<T>(Func<int, T> convert)
        {
            var data = new T[rows.Count * length];
            for (var r = 0; r < rows.Count; r++)
                for (var i = 0; i < length; i++) data[r * length + i] = convert(at(rows[r], i));
            return data;
        }
    }

    private List<string> Problems()
    {
        var problems = new List<string>();
        var has = $"It has the inputs {Described(session.InputMetadata)} and the outputs {Described(session.OutputMetadata)}.";
        if (!session.InputMetadata.ContainsKey(IdsName)) problems.Add($"{path} has no input {IdsName}: it is no text classifier as exports of Hugging Face models are. {has}");
        foreach (var (name, input) in session.InputMetadata)
        {
            if (name is not (IdsName or MaskName or TypesName)) problems.Add($"{path}: the input {name} is not known; {IdsName}, {MaskName} and {TypesName} are. {has}");
            else if (!input.IsTensor || input.ElementDataType is not (TensorElementType.Int64 or TensorElementType.Int32) || input.Dimensions.Length != 2)
                problems.Add($"{path}: the input {name} must be [batch, length] of int64 or int32. {has}");
        }
        if (!session.OutputMetadata.TryGetValue(LogitsName, out var logits)) problems.Add($"{path} has no output {LogitsName}: export it with the task text-classification. {has}");
        else if (!logits.IsTensor || logits.ElementDataType is not (TensorElementType.Float or TensorElementType.Float16) || logits.Dimensions.Length != 2)
            problems.Add($"{path}: the output {LogitsName} must be [batch, labels] of float or float16. {has}");
        return problems;
    }

    private static string Described(IReadOnlyDictionary<string, NodeMetadata> nodes) =>
        nodes.Count == 0 ? "(none)" : string.Join(", ", nodes.Select(n => n.Value.IsTensor ? $"{n.Key} ({n.Value.ElementDataType.ToString().ToLowerInvariant()} [{string.Join(", ", n.Value.Dimensions.Select(d => d < 0 ? "?" : $"{d}"))}])" : n.Key));

    private static int? Size(int dimension) => dimension > 0 ? dimension : null;

    private static string FirstLine(OnnxRuntimeException e) => e.Message.Split('\n')[0].Trim().TrimEnd('.');
}
