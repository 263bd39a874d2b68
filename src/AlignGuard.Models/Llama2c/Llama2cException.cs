namespace AlignGuard.Models.Llama2c;

/// <summary>What is wrong with a file of llama2.c: one value for each check of the readers.</summary>
public enum Llama2cFault
{
    /// <summary>No such file.</summary>
    FileMissing,
    /// <summary>The path is a folder.</summary>
    NotAFile,
    /// <summary>The operating system refuses to read it.</summary>
    Unreadable,
    /// <summary>Fewer bytes than a header has.</summary>
    TooShort,
    /// <summary>A checkpoint of version 1 or 2 (<c>ak42</c>), which lies otherwise.</summary>
    OtherVersion,
    /// <summary>A size of the header is not positive, or beyond every model.</summary>
    InvalidSize,
    /// <summary>Heads that do not divide, or of an odd width.</summary>
    InvalidHeads,
    /// <summary>The file ends before what its header promises.</summary>
    Truncated,
    /// <summary>Bytes after the last weight or token.</summary>
    TrailingBytes,
    /// <summary>A weight is NaN or infinite.</summary>
    NonFinite,
    /// <summary>A token's length is not within 1 and the longest that the header names.</summary>
    InvalidLength,
    /// <summary>A token's score is NaN or infinite.</summary>
    InvalidScore,
    /// <summary>A token is not UTF-8.</summary>
    NotUtf8,
    /// <summary>Two tokens are the same text.</summary>
    DuplicateToken,
    /// <summary>The tokens 0 to 258 are not <c>&lt;unk&gt;</c>, <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c> and the 256 bytes.</summary>
    NoByteTokens,
}

/// <summary>A file of llama2.c that can not be used.</summary>
public sealed class Llama2cException(Llama2cFault fault, string path, string problem, Exception? inner = null) : ModelFormatException($"{path}: {problem}", inner)
{
    public Llama2cFault Fault { get; } = fault;

    public string Path { get; } = path;
}
