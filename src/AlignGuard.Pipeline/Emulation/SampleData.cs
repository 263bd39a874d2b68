using System.Text;
using AlignGuard.Pipeline.Demo;
using AlignGuard.Pipeline.Store;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace AlignGuard.Pipeline.Emulation;

/// <summary>
/// What a developer's emulator holds from the start: the containers of runs and of data sets, the queue that announces data sets, and one small data set with its
/// job. What is there already is left as it is.
/// </summary>
public static class SampleData
{
    public const string RunsContainer = "runs", DatasetsContainer = "datasets", EventsQueue = "dataset-events";

    /// <summary>Folder of the sample in its container.</summary>
    public const string Folder = "howto";

    /// <summary>Written last: whoever sees it may read the files.</summary>
    public const string ManifestName = "_READY.json";

    private const int TrainRows = 64, EvalRows = 24;

    private const string Job = """
        # A job of seconds on the bundled model. File names are relative to this file's folder.
        name: howto
        model: aligned-demo
        data: { train: train.jsonl, eval: eval.jsonl }
        lora: { r: 4, alpha: 8 }
        train: { steps: 20, segment: 10, batch: 4, lr: 1e-3, seqLen: 96, threads: 1 }
        guard: { rank: { min: 4, max: 16 }, refreshEvery: 10 }
        fisher: { samples: 40, minRefusals: 8 }
        driftcheck: { size: 20, final: 40, maxNewTokens: 16 }

        """;

    /// <summary>The data set's files in the order in which they are written.</summary>
    public static IReadOnlyList<(string Name, byte[] Content)> Files() =>
    [
        ("train.jsonl", Rows(HowToTask.Train().Take(TrainRows))),
        ("eval.jsonl", Rows(HowToTask.HeldOut().Take(EvalRows))),
        ("job.yaml", Encoding.UTF8.GetBytes(Job)),
        (ManifestName, """{"version":1,"job":"job.yaml"}"""u8.ToArray()),
    ];

    /// <exception cref="StoreException">The emulator does not do it.</exception>
    public static async Task PutAsync(EmulatorAddress address, CancellationToken cancellation = default)
    {
        try
        {
            var blobs = new BlobServiceClient(address.ConnectionString);
            foreach (var container in new[] { RunsContainer, DatasetsContainer }) await blobs.GetBlobContainerClient(container).CreateIfNotExistsAsync(cancellationToken: cancellation);
            await new QueueServiceClient(address.ConnectionString).GetQueueClient(EventsQueue).CreateIfNotExistsAsync(cancellationToken: cancellation);
            var store = new BlobStore(blobs.GetBlobContainerClient(DatasetsContainer), Folder, $"{StoreAddress.Scheme}azurite/{DatasetsContainer}/{Folder}");
            foreach (var (name, content) in Files()) await store.CreateAsync(name, content, cancellation);
        }
        catch (Exception e) when (BlobFault.Sentence(e) is { } sentence)
        {
            throw new StoreException($"The storage emulator at {address.BlobEndpoint} and {address.QueueEndpoint} {sentence}", e);
        }
    }

    private static byte[] Rows(IEnumerable<TaskRow> rows)
    {
        using var stream = new MemoryStream();
        HowToTask.WriteJsonl(stream, rows);
        return stream.ToArray();
    }
}
