namespace AlignGuard.Models;

/// <summary>
/// Bad input (exit code 2): something the user gave can not be used. Every entry of <see cref="Problems"/> is one sentence with its
/// place (file, key, tensor) and its remedy; all problems of one input are reported together.
/// </summary>
public class UserFaultException(IReadOnlyList<string> problems, Exception? inner = null)
    : Exception(string.Join(Environment.NewLine, problems), inner)
{
    public UserFaultException(string problem, Exception? inner = null) : this([problem], inner) { }

    /// <summary>At least one sentence.</summary>
    public IReadOnlyList<string> Problems { get; } =
        problems.Count > 0 ? problems : throw new ArgumentException("A fault needs at least one problem.", nameof(problems));
}

/// <summary>A file of a model (weights, tokenizer, configuration) is missing, damaged or of a kind that is not supported.</summary>
public class ModelFormatException(IReadOnlyList<string> problems, Exception? inner = null) : UserFaultException(problems, inner)
{
    public ModelFormatException(string problem, Exception? inner = null) : this([problem], inner) { }
}
