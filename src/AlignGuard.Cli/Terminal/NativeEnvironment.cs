using System.Runtime.InteropServices;

namespace AlignGuard.Cli.Terminal;

/// <summary>Settings that libtorch's OpenMP reads once, when it is loaded: they must be in the process's real environment before that.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>
    /// Waiting OpenMP threads sleep instead of spinning. On a busy machine spinning makes a step ten times slower; on a quiet one sleeping costs a
    /// few per cent. A value that the user has set is kept.
    /// </summary>
    public static void Prepare()
    {
        if (OperatingSystem.IsWindows()) return;
        // .NET keeps its own copy of the environment; native libraries see only what setenv writes.
        SetEnv("OMP_WAIT_POLICY", "PASSIVE", 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
