using System.Net.Sockets;

namespace AlignGuard.Pipeline.Emulation;

internal enum PortUse
{
    Free,
    Emulator,
    Other,
}

/// <summary>Who answers on a port of the loopback.</summary>
internal static class PortProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="service">What the emulator's service calls itself, e.g. <c>Azurite-Blob</c>.</param>
    public static async Task<PortUse> LookAsync(int port, string service, CancellationToken cancellation)
    {
        // A proxy of the environment has no business between this machine and itself.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://{EmulatorAddress.Host}:{port}/"), HttpCompletionOption.ResponseHeadersRead, cancellation);
            return answer.Headers.Server.Any(s => s.Product?.Name == service) ? PortUse.Emulator : PortUse.Other;
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return PortUse.Free;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return PortUse.Other;
        }
    }
}
