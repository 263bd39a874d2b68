using AlignGuard.Pipeline.Verification;
using Xunit;

namespace AlignGuard.Pipeline.Tests;

/// <summary>The notes that the usual ways to fetch a model leave beside it.</summary>
public sealed class ModelRevisionTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-revision-").FullName;

    [Fact]
    public void The_Hugging_Face_cache_tells_repository_and_commit()
    {
        var snapshot = Directory.CreateDirectory(Path.Combine(_folder, "models--Qwen--Qwen2.5-0.5B-Instruct", "snapshots", Commit)).FullName;
        Assert.Equal(new ModelRevision("Qwen/Qwen2.5-0.5B-Instruct", Commit), ModelRevision.Of(snapshot));
        Assert.Equal(ModelRevision.Of(snapshot), ModelRevision.Of(snapshot + "/"));
    }

    [Theory]
    [InlineData(".cache/huggingface/download/config.json.metadata", Commit + "\nabcdef\n1700000000.5\n")]
    [InlineData(".huggingface/download/config.json.metadata", Commit + "\nabcdef\n1700000000.5\n")]
    [InlineData(".git/HEAD", Commit + "\n")]
    public void A_download_s_notes_and_a_detached_head_tell_the_commit(string file, string text)
    {
        Write(file, text);
        Assert.Equal(new ModelRevision(null, Commit), ModelRevision.Of(_folder));
    }

    [Theory]
    [InlineData(".git/refs/heads/main", Commit + "\n")]
    [InlineData(".git/packed-refs", "# pack-refs with: peeled fully-peeled sorted\nffffffffffffffffffffffffffffffffffffffff refs/heads/not/main\n" + Commit + " refs/heads/main\n")]
    public void A_clone_s_branch_tells_the_commit(string file, string text)
    {
        Write(".git/HEAD", "ref: refs/heads/main\n");
        Write(file, text);
        Assert.Equal(new ModelRevision(null, Commit), ModelRevision.Of(_folder));
    }

    [Theory]
    [InlineData(".git/HEAD", "ref: refs/heads/main\n")]
    [InlineData(".git/HEAD", "ref: refs/../../secret\n")]
    [InlineData(".git/HEAD", "")]
    [InlineData(".cache/huggingface/download/config.json.metadata", "main\n")]
    public void What_is_no_commit_is_none(string file, string text)
    {
        Write(file, text);
        Assert.Null(ModelRevision.Of(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
