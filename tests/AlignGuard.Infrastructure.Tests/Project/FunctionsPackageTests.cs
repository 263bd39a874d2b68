using System.Xml.Linq;
using AlignGuard.Infrastructure.Tests.Support;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

public class FunctionsPackageTests
{
    /// <summary>The handlers reach the tensor library by reference; hundreds of megabytes of natives in every instance would only lengthen its start.</summary>
    [Fact]
    public void The_Functions_carry_no_natives_of_the_tensor_library()
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "functions", "AlignGuard.Functions", "AlignGuard.Functions.csproj"));
        var target = Assert.Single(project.Descendants("Target"), t => t.Descendants("NativeCopyLocalItems").Any());
        // After the target that lays a patched copy in the place of the package's own.
        Assert.Equal("PatchLibTorchSharp", target.Attribute("AfterTargets")!.Value);
        Assert.Contains("Target Name=\"PatchLibTorchSharp\"", File.ReadAllText(Path.Combine(Repository.Root, "eng", "LibTorchSharp.targets")));
        var removed = Assert.Single(target.Descendants("NativeCopyLocalItems"));
        Assert.Equal("@(NativeCopyLocalItems)", removed.Attribute("Remove")!.Value);
        Assert.Contains("'TorchSharp'", removed.Attribute("Condition")!.Value);
        Assert.Contains("'libtorch'", removed.Attribute("Condition")!.Value);
    }
}
