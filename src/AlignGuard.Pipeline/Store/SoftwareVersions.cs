using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace AlignGuard.Pipeline.Store;

/// <summary>What computed a result.</summary>
public static class SoftwareVersions
{
    public static IDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["alignguard"] = typeof(SoftwareVersions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?",
        ["dotnet"] = Environment.Version.ToString(),
        ["torchsharp"] = typeof(torch).Assembly.GetName().Version?.ToString(3) ?? "?",
        ["os"] = RuntimeInformation.OSDescription,
    };
}
