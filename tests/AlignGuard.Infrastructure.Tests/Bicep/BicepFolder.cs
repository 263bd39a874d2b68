using AlignGuard.Infrastructure.Tests.Support;

namespace AlignGuard.Infrastructure.Tests.Bicep;

/// <summary>A copy of <c>bicep/</c> that a test may alter.</summary>
internal sealed class BicepFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public BicepFolder()
    {
        _folder.Take("bicep");
        _folder.Take("infra/workbook.json");
    }

    public string File(string name) => _folder.File(Path.Combine("bicep", name));

    /// <summary>Replaces a text that has to be there.</summary>
    public void Alter(string file, string old, string changed)
    {
        var text = System.IO.File.ReadAllText(File(file));
        if (!text.Contains(old, StringComparison.Ordinal)) throw new InvalidOperationException($"bicep/{file} holds no '{old}': the test is out of date.");
        System.IO.File.WriteAllText(File(file), text.Replace(old, changed, StringComparison.Ordinal));
    }

    public Task<Deployment> WhatIfAsync(string parameters, IReadOnlyDictionary<string, string?>? environment = null) => BicepCompiler.WhatIfAsync(File(parameters), environment);

    public void Dispose() => _folder.Dispose();
}
