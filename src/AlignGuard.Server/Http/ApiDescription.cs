using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AlignGuard.Server.Http;

/// <summary>The OpenAPI document: every address, its problem documents, and the token.</summary>
internal static class ApiDescription
{
    public const string Address = "/openapi/v1.json";

    private const string Bearer = "bearer";

    /// <summary>Name, summary and problems of an endpoint; what any request can be answered with is added to all.</summary>
    public static RouteHandlerBuilder Described(this RouteHandlerBuilder endpoint, string name, string summary, params int[] problems)
    {
        endpoint.WithName(name).WithSummary(summary);
        foreach (var status in problems.Concat([401, 403, 500, 503])) endpoint.Produces<ProblemDocument>(status, ProblemDocument.ContentType);
        return endpoint;
    }

    public static void Configure(OpenApiOptions options) => options.AddDocumentTransformer((document, context, cancellation) =>
    {
        document.Info = new OpenApiInfo { Title = "AlignGuard", Version = "v1", Description = "Starts fine-tuning runs, shows them, and serves their files." };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = $"The server's token ({ServerOptions.TokenVariable}); where none is set, no header is needed." };
        document.Paths[Address] = Itself();
        foreach (var (path, item) in document.Paths.Where(p => p.Key != AccessGate.Open))
            foreach (var operation in item.Operations!.Values)
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
        return Task.CompletedTask;
    });

    /// <summary>The document leaves itself out; whoever counts the addresses shall find all of them.</summary>
    private static OpenApiPathItem Itself() => new()
    {
        Operations = new Dictionary<HttpMethod, OpenApiOperation>
        {
            [HttpMethod.Get] = new()
            {
                OperationId = "describe",
                Summary = "This document.",
                Responses = new OpenApiResponses
                {
                    ["200"] = new OpenApiResponse { Description = "OK", Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new OpenApiMediaType() } },
                    ["401"] = new OpenApiResponse { Description = "Unauthorized", Content = new Dictionary<string, OpenApiMediaType> { [ProblemDocument.ContentType] = new OpenApiMediaType() } },
                },
            },
        },
    };
}
