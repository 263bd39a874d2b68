using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary><c>alignguard model import</c> as a person runs it.</summary>
public sealed class ModelImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task A_checkpoint_becomes_a_model_folder_and_one_that_lies_is_bad_input()
    {
        var (data, output) = (Data(), Path.Combine(_folder, "stories"));
        string[] tokenizer = ["--tokenizer", Path.Combine(data, "tok512.bin"), "--out", output];
        var lie = Path.Combine(_folder, "lie.bin");
        File.WriteAllBytes(lie, File.ReadAllBytes(Path.Combine(data, "stories260K.bin"))[..^1]);
        var refused = await AlignGuardProcess.RunAsync(["model", "import", lie, .. tokenizer]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("its sizes need 1,056,540", refused.Error);
        Assert.False(Directory.Exists(output));

        var made = await AlignGuardProcess.RunAsync(["model", "import", Path.Combine(data, "stories260K.bin"), .. tokenizer, "--json"]);
        Assert.True(made.ExitCode == 0, made.Error);
        Assert.Equal(260_032, JsonDocument.Parse(made.Output).RootElement.GetProperty("parameters").GetInt64());
        var info = await AlignGuardProcess.RunAsync("model", "info", output, "--json");
        Assert.Equal(260_032, JsonDocument.Parse(info.Output).RootElement.GetProperty("storedParameters").GetInt64());
    }

    private static string Data()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", "data") is var data && File.Exists(Path.Combine(data, "stories260K.bin"))) return data;
        Skip.If(true, "shared/data is not beside the repository: there is no checkpoint of llama2.c to import.");
        throw new InvalidOperationException();
    }
}
