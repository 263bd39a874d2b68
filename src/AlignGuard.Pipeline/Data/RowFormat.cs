using AlignGuard.Models;

namespace AlignGuard.Pipeline.Data;

/// <summary>How the rows of a data file are laid out: <c>data.format</c> of a job.</summary>
public enum RowFormat
{
    /// <summary>Found out from the first row that has a known layout. The default.</summary>
    Auto,

    /// <summary><c>messages</c>: a list of <c>{role, content}</c>, roles system, user, assistant.</summary>
    Messages,

    /// <summary>A prompt and its answer in two fields: <c>prompt</c>, <c>instruction</c> or <c>question</c>; <c>completion</c>, <c>response</c>, <c>output</c> or <c>answer</c>.</summary>
    PromptCompletion,

    /// <summary><c>instruction</c>, <c>output</c> and, where it is not empty, <c>input</c>, which follows the instruction after an empty line.</summary>
    Alpaca,

    /// <summary><c>conversations</c>: a list of <c>{from, value}</c>, from system, human, gpt.</summary>
    ShareGpt,

    /// <summary>Texts and a <c>label</c>, as in GLUE.</summary>
    Classification,

    /// <summary>A <c>text</c> each, learnt whole and without the chat template.</summary>
    Text,
}

/// <summary>The spelling of <see cref="RowFormat"/> in job files and on the command line.</summary>
public static class RowFormats
{
    public static string Name(this RowFormat format) => format switch
    {
        RowFormat.Auto => "auto",
        RowFormat.Messages => "messages",
        RowFormat.PromptCompletion => "prompt-completion",
        RowFormat.Alpaca => "alpaca",
        RowFormat.ShareGpt => "sharegpt",
        RowFormat.Classification => "classification",
        RowFormat.Text => "text",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
    };

    /// <exception cref="UserFaultException">No format has this name.</exception>
    public static RowFormat Parse(string name)
    {
        foreach (var format in Enum.GetValues<RowFormat>())
        {
            if (format.Name() == name) return format;
        }
        throw new UserFaultException($"data.format: '{name}' is unknown: use {string.Join(", ", Enum.GetValues<RowFormat>().Select(Name))}.");
    }
}
