using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>Reaches a chat model by the chat-completions protocol: OpenAI, Azure OpenAI (<c>/openai/v1/</c>), Ollama, vLLM.</summary>
internal static class ChatEndpoint
{
    /// <param name="key">Sent as <c>Authorization: Bearer</c>; null: nothing is sent.</param>
    public static IChatClient Connect(LlmSettings settings, string? key)
    {
        var options = new OpenAIClientOptions
        {
            Endpoint = settings.Endpoint,
            // Tries are counted, waited for and paid for in one place, the judge.
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = 2 * settings.Timeout,
            // Requests hold prompts and answers.
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
        };
        if (key is null) options.AddPolicy(new NoAuthorization(), PipelinePosition.BeforeTransport);
        return new ChatClient(settings.Model, new ApiKeyCredential(key ?? "none"), options).AsIChatClient();
    }

    /// <summary>The client knows no requests without a key.</summary>
    private sealed class NoAuthorization : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Remove("Authorization");
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Remove("Authorization");
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
