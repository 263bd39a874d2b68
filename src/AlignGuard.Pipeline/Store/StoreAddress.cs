using AlignGuard.Models;
using AlignGuard.Pipeline.Store.Rehearsal;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// What <c>--store</c> names: a folder, or <c>store://ACCOUNT/CONTAINER[/PREFIX]</c> for a blob container. ACCOUNT <c>azurite</c> is the local emulator. Azure is
/// signed in to by identity; a connection string, where one is needed, is read from the environment (<see cref="ConnectionVariable"/>) and never from the command line.
/// </summary>
public static class StoreAddress
{
    public const string Scheme = "store://";

    /// <summary>Environment variable that holds a connection string; unset for the usual ways.</summary>
    public const string ConnectionVariable = "ALIGNGUARD_STORAGE";

    private const string Emulator = "azurite", EmulatorAccount = "devstoreaccount1";

    /// <param name="lookOnly">Creates nothing: for whoever only reads.</param>
    /// <exception cref="UserFaultException">No address of a store, or there is no such folder (<paramref name="lookOnly"/>).</exception>
    /// <exception cref="StoreException">It cannot be reached or written.</exception>
    public static async Task<IArtifactStore> OpenAsync(string address, bool lookOnly = false)
    {
        if (address.StartsWith(Scheme, StringComparison.Ordinal)) return await OpenBlobsAsync(address, lookOnly);
        if (address.Contains("://", StringComparison.Ordinal))
            throw new UserFaultException([$"--store {address}: a folder or {Scheme}ACCOUNT/CONTAINER[/PREFIX] is expected; other addresses are not opened."]);
        if (lookOnly && !Directory.Exists(address)) throw new UserFaultException([$"There is no store {address}. Name the folder that `alignguard run` was given with --store."]);
        return new FolderStore(address, lookOnly);
    }

    /// <summary>A reference taken apart: <c>store://ACCOUNT/CONTAINER</c> and the name in it, which may be empty.</summary>
    /// <exception cref="UserFaultException">No reference, or a name that leads out of the container.</exception>
    public static (string Container, string Name) Split(string reference)
    {
        Parse(reference);
        var parts = reference[Scheme.Length..].TrimEnd('/').Split('/');
        return ($"{Scheme}{parts[0]}/{parts[1]}", string.Join('/', parts.Skip(2)));
    }

    private static async Task<IArtifactStore> OpenBlobsAsync(string address, bool lookOnly)
    {
        var (account, container, prefix) = Parse(address);
        var client = Service(address, account).GetBlobContainerClient(container);
        var store = new BlobStore(client, prefix, address.TrimEnd('/'));
        try
        {
            // The emulator is a developer's own: its containers come by themselves. On Azure a mistyped name must not.
            if (account == EmulatorAccount && !lookOnly) await client.CreateIfNotExistsAsync();
            else if (!await client.ExistsAsync()) throw new UserFaultException([$"--store {address}: account {account} has no container '{container}'. Create it, or name another."]);
        }
        catch (Exception e) when (BlobFault.Sentence(e) is { } sentence)
        {
            throw new StoreException($"The store {address} {sentence}", e);
        }
        return store;
    }

    /// <summary>The account itself: <c>azurite</c> is short for the emulator's.</summary>
    public static string AccountOf(string account) => account == Emulator ? EmulatorAccount : account;

    private static (string Account, string Container, string Prefix) Parse(string address)
    {
        var parts = address[Scheme.Length..].TrimEnd('/').Split('/');
        var account = AccountOf(parts[0]);
        if (parts.Length < 2 || !IsAccount(account) || !IsContainer(parts[1]))
            throw new UserFaultException([$"{address}: {Scheme}ACCOUNT/CONTAINER[/PREFIX] is expected: an account of 3 to 24 lower-case letters and digits ({Emulator} for the local emulator) "
                + "and a container of 3 to 63 lower-case letters, digits and single dashes."]);
        var prefix = string.Join('/', parts.Skip(2));
        return (account, parts[1], prefix.Length == 0 ? "" : BlobName.Check(prefix));
    }

    /// <summary>3 to 24 lower-case letters and digits.</summary>
    public static bool IsAccount(string name) => IsName(name, 24, dashes: false);

    /// <summary>3 to 63 lower-case letters, digits and single dashes.</summary>
    public static bool IsContainer(string name) => IsName(name, 63, dashes: true);

    private static bool IsName(string name, int longest, bool dashes) =>
        name.Length >= 3 && name.Length <= longest && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || (dashes && c == '-'))
        && !name.Contains("--", StringComparison.Ordinal) && name[0] != '-' && name[^1] != '-';

    private static BlobServiceClient Service(string address, string account)
    {
        var options = new BlobClientOptions();
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = 5;
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(100);
        FaultPolicy.AddTo(options);
        var connection = Environment.GetEnvironmentVariable(ConnectionVariable);
        if (string.IsNullOrWhiteSpace(connection))
            return account == EmulatorAccount
                ? new BlobServiceClient("UseDevelopmentStorage=true", options)
                : new BlobServiceClient(new Uri($"https://{account}.blob.core.windows.net"), new DefaultAzureCredential(), options);
        try
        {
            var service = new BlobServiceClient(connection, options);
            if (service.AccountName == account) return service;
            throw new UserFaultException([$"--store {address} names account {account}, but the connection string in {ConnectionVariable} is of {service.AccountName}. Unset the variable, or name that account."]);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            throw new UserFaultException([$"{ConnectionVariable} is no connection string ({e.Message.Split('\n')[0]}). Copy it from the account's access keys, or unset the variable to sign in by identity."]);
        }
    }
}
