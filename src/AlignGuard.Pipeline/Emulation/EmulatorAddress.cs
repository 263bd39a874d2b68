using AlignGuard.Models;

namespace AlignGuard.Pipeline.Emulation;

/// <summary>Where the emulator's services are, on the loopback only.</summary>
/// <param name="BlobPort">1 to 65535. Default 10000.</param>
/// <param name="QueuePort">1 to 65535. Default 10001.</param>
public sealed record EmulatorAddress(int BlobPort = EmulatorAddress.DefaultBlobPort, int QueuePort = EmulatorAddress.DefaultQueuePort)
{
    public const int DefaultBlobPort = 10000, DefaultQueuePort = 10001;

    public const string Host = "127.0.0.1";

    // The emulator's account and key are the same everywhere and protect nothing.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    public string BlobEndpoint => $"http://{Host}:{BlobPort}/{Account}";

    public string QueueEndpoint => $"http://{Host}:{QueuePort}/{Account}";

    public string ConnectionString => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint={BlobEndpoint};QueueEndpoint={QueueEndpoint};";

    /// <summary>True where clients find it without being told.</summary>
    public bool IsUsual => (BlobPort, QueuePort) == (DefaultBlobPort, DefaultQueuePort);

    /// <summary>True where an emulator answers on both ports, false where both are free.</summary>
    /// <exception cref="UserFaultException">No ports, or somebody else's: all problems.</exception>
    public async Task<bool> IsServedAsync(CancellationToken cancellation = default)
    {
        var problems = new List<string>();
        foreach (var (option, port) in new[] { ("--blob-port", BlobPort), ("--queue-port", QueuePort) })
            if (port is < 1 or > 65535) problems.Add($"{option} is {port}; a port from 1 to 65535 is expected.");
        if (BlobPort == QueuePort) problems.Add($"--blob-port and --queue-port are both {BlobPort}; each service needs a port of its own.");
        if (problems.Count > 0) throw new UserFaultException(problems);

        var uses = await Task.WhenAll(PortProbe.LookAsync(BlobPort, "Azurite-Blob", cancellation), PortProbe.LookAsync(QueuePort, "Azurite-Queue", cancellation));
        if (uses is [PortUse.Emulator, PortUse.Emulator]) return true;
        if (uses[0] == PortUse.Other) problems.Add($"Port {BlobPort} is taken by another program. Free it, or give the blob service another with --blob-port.");
        if (uses[1] == PortUse.Other) problems.Add($"Port {QueuePort} is taken by another program. Free it, or give the queue service another with --queue-port.");
        if (uses is [PortUse.Emulator, PortUse.Free]) problems.Add($"An Azurite answers for blobs on port {BlobPort}, but none for queues on port {QueuePort}. Name its queues' port with --queue-port, stop it, or give --blob-port for another emulator.");
        if (uses is [PortUse.Free, PortUse.Emulator]) problems.Add($"An Azurite answers for queues on port {QueuePort}, but none for blobs on port {BlobPort}. Name its blobs' port with --blob-port, stop it, or give --queue-port for another emulator.");
        return problems.Count == 0 ? false : throw new UserFaultException(problems);
    }
}
