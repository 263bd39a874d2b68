using System.Diagnostics.CodeAnalysis;
using System.Text;
using Azure;
using Azure.Core;

namespace AlignGuard.Pipeline.Store.Rehearsal;

/// <summary>An error as the service would answer it, that the service never sent.</summary>
internal sealed class InjectedResponse : Response
{
    private readonly Dictionary<string, string> _headers;

    private InjectedResponse(Request request, int status, string reason, string code)
    {
        (Status, ReasonPhrase, ClientRequestId) = (status, reason, request.ClientRequestId);
        // The client's own reader of storage errors is put on answers by its transport, which this one never met: the code is given in the form that needs no reader.
        var body = Encoding.UTF8.GetBytes($$$"""{"error":{"code":"{{{code}}}","message":"Rehearsal: {{{reason}}}"}}""");
        ContentStream = new MemoryStream(body);
        _headers = new(StringComparer.OrdinalIgnoreCase)
        {
            ["x-ms-error-code"] = code,
            ["x-ms-client-request-id"] = ClientRequestId,
            ["Content-Type"] = "application/json",
            ["Content-Length"] = $"{body.Length}",
        };
    }

    public override int Status { get; }
    public override string ReasonPhrase { get; }
    public override Stream? ContentStream { get; set; }
    public override string ClientRequestId { get; set; }
    public override bool IsError => true;

    public static InjectedResponse Busy(Request request) => new(request, 503, "The server is busy.", "ServerBusy");

    public static InjectedResponse TimedOut(Request request) => new(request, 500, "Operation could not be completed within the specified time.", "OperationTimedOut");

    public override void Dispose() => ContentStream?.Dispose();

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) => _headers.TryGetValue(name, out value);

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = _headers.TryGetValue(name, out var value) ? [value] : null;
        return values is not null;
    }

    protected override bool ContainsHeader(string name) => _headers.ContainsKey(name);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => _headers.Select(h => new HttpHeader(h.Key, h.Value));
}
