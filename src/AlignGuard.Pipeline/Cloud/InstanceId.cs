using System.Security.Cryptography;
using System.Text;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// Names of orchestration instances, functions of what is asked for: asking twice, from wherever, is asking for the same instance. The run of a data set carries
/// <see cref="OfBlob"/> in its name and so in its instance's; a cell has an instance below its sweep's.
/// </summary>
public static class InstanceId
{
    // The service takes 100 characters on some back-ends.
    private const int Longest = 100;

    /// <summary>The same version of the same blob, however often and in whatever order its events come; another version is another one.</summary>
    /// <param name="container">Account and container, as <c>store://ACCOUNT/CONTAINER</c>.</param>
    /// <param name="etag">As the store gives it when the blob is read; what an event says of it is not believed.</param>
    /// <returns>32 hexadecimal digits.</returns>
    public static string OfBlob(string container, string blob, string etag) => Digits($"{container}\n{blob}\n{etag}");

    public static string OfRun(string runId) => Whole($"run-{runId}");

    public static string OfSweep(string sweepId) => Whole($"sweep-{sweepId}");

    /// <param name="attempt">Of the sweep: a cell that is tried again is a new instance of the same run.</param>
    public static string OfCell(string sweepInstance, int cell, int attempt) => Whole($"{sweepInstance}-cell-{cell}-{attempt}");

    /// <summary>Long names keep their beginning, for people, and a hash of all of it.</summary>
    private static string Whole(string name) => name.Length <= Longest ? name : $"{name[..(Longest - 33)]}-{Digits(name)}";

    private static string Digits(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
}
