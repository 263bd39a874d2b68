namespace AlignGuard.Models.Llama2c;

/// <summary>Opens a file of llama2.c; what the system says against it is a typed fault.</summary>
internal static class Llama2cFile
{
    /// <exception cref="Llama2cException">Missing, a folder, or not readable.</exception>
    public static FileStream Open(string path)
    {
        if (Directory.Exists(path)) throw new Llama2cException(Llama2cFault.NotAFile, path, "is a folder: give the .bin file itself.");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new Llama2cException(Llama2cFault.FileMissing, path, "does not exist: give a checkpoint or tokenizer of llama2.c (.bin).", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Llama2cException(Llama2cFault.Unreadable, path, $"can not be read ({e.Message}): check its permissions and the disk.", e);
        }
    }

    /// <summary>Fills the span.</summary>
    /// <exception cref="Llama2cException">The file became shorter while it was open, or the disk fails.</exception>
    public static void Fill(FileStream file, Span<byte> bytes)
    {
        try
        {
            file.ReadExactly(bytes);
        }
        catch (EndOfStreamException e)
        {
            throw new Llama2cException(Llama2cFault.Truncated, file.Name, "became shorter while it was read.", e);
        }
        catch (IOException e)
        {
            throw new Llama2cException(Llama2cFault.Unreadable, file.Name, $"can not be read ({e.Message}): check the disk.", e);
        }
    }
}
