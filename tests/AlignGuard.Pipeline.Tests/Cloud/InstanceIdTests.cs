using AlignGuard.Pipeline.Cloud;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

public class InstanceIdTests
{
    [Fact]
    public void The_same_version_of_the_same_blob_is_the_same_instance_and_anything_else_is_another()
    {
        var id = InstanceId.OfBlob("store://account/datasets", "a/_READY.json", "0x8D");
        Assert.Equal(id, InstanceId.OfBlob("store://account/datasets", "a/_READY.json", "0x8D"));
        Assert.Matches("^[0-9a-f]{32}$", id);
        string[] others = [InstanceId.OfBlob("store://account/datasets", "a/_READY.json", "0x8E"), InstanceId.OfBlob("store://account/datasets", "b/_READY.json", "0x8D"),
            InstanceId.OfBlob("store://other/datasets", "a/_READY.json", "0x8D"), InstanceId.OfBlob("store://account/datasets\na", "_READY.json", "0x8D")];
        Assert.Equal(5, others.Append(id).Distinct().Count());
    }

    [Fact]
    public void It_is_what_it_was_in_earlier_versions() => Assert.Equal("6b0d0cd6cb90744a4ebf7b6e0a6e985d", InstanceId.OfBlob("store://account/datasets", "a/_READY.json", "0x8D"));

    [Property]
    public bool Ids_have_at_most_100_characters_and_long_names_stay_apart(byte length)
    {
        var name = new string('n', length);
        var (a, b) = (InstanceId.OfRun(name + "1"), InstanceId.OfRun(name + "2"));
        return a.Length <= 100 && a != b && a != InstanceId.OfSweep(name + "1") && InstanceId.OfCell(a, 1, 1) != InstanceId.OfCell(a, 11, 1) && InstanceId.OfCell(a, 999, 9).Length <= 100;
    }
}
