using AlignGuard.Models;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using Xunit;

namespace AlignGuard.Server.Tests.Runs;

/// <summary>Where models lie in a container, a job calls one by its name.</summary>
public class ModelNameTests
{
    private readonly JobPolicy _policy = new(null, "store://account/models/");

    [Fact]
    public void A_name_stands_for_a_folder_of_blobs() =>
        Assert.Equal("store://account/models/llama3-8b", _policy.Read(Jobs.Yaml(model: "llama3-8b"), "job").Spec.Model);

    [Fact]
    public void A_whole_reference_stays_what_it_is() =>
        Assert.Equal("store://other/models/m", _policy.Read(Jobs.Yaml(model: "store://other/models/m"), "job").Spec.Model);

    [Theory]
    [InlineData("../m")]
    [InlineData("a/b")]
    [InlineData("/etc")]
    public void What_is_no_name_is_refused(string model) =>
        Assert.Contains("Paths are not opened", Assert.Throws<UserFaultException>(() => _policy.Read(Jobs.Yaml(model: model), "job")).Message);
}
