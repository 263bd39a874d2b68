using System.Runtime.ExceptionServices;
using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>
/// Activation checkpointing (Chen et al. 2016): of a layer only its inputs are kept, and its activations are computed again when its gradients are asked for. A third more arithmetic for memory that no longer grows with
/// everything a layer holds.
/// </summary>
public sealed class CheckpointedLayer : autograd.SingleTensorFunction<CheckpointedLayer>
{
    // What goes wrong within a backward pass is called from native code, through which no exception may pass.
    // A GPU's gradients come from a thread of its own.
    private static ExceptionDispatchInfo? _fault;
    // Native code reads what a backward pass returned after it has returned: it is let go at the next one.
    private static List<Tensor> _returned = [];

    public override string Name => nameof(CheckpointedLayer);

    /// <summary>The layer on its inputs; without gradients, as it is.</summary>
    /// <param name="inputs">Every tensor that it needs beside weights and factors: the stream, an encoder's result, tables, masks. They may be gone by the backward pass: it has its own.</param>
    /// <param name="views">Of the layer's own sites.</param>
    /// <param name="seed">Of its dropout: drawn alike both times. Null = there is none.</param>
    internal static Tensor Run(IReadOnlyList<Tensor> inputs, LoraViews views, long? seed, Func<IReadOnlyList<Tensor>, LoraViews, Tensor> layer)
    {
        return apply([new Call(inputs.Count, views, seed, layer), .. inputs, .. views.Tensors()]);
    }

    /// <summary>Lets go of what is left of a backward pass, and throws what it met: until then gradients may be of nothing. To be called behind it.</summary>
    public static void Finish()
    {
        Release([]);
        Interlocked.Exchange(ref _fault, null)?.Throw();
    }

    /// <summary>Lets go of what is left of a backward pass that was broken off, what it met included: it is not the next one's.</summary>
    public static void Abandon()
    {
        Release([]);
        Interlocked.Exchange(ref _fault, null);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[0];
        Tensor[] tensors = [.. vars.Skip(1).Cast<Tensor>()];
        ctx.save_data("call", call);
        ctx.save_for_backward([.. tensors]);
        return call.Layer(tensors[..call.Inputs], call.Views);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        Release([]);
        var call = (Call)ctx.get_data("call");
        var kept = ctx.get_saved_variables();
        List<Tensor> gradients;
        try
        {
            gradients = Gradients(call, kept, grad_output);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _fault, ExceptionDispatchInfo.Capture(e), null);
            gradients = [.. kept.Select(t => t.requires_grad ? zeros_like(t).DetachFromDisposeScope() : null!)];
        }
        foreach (var tensor in kept) tensor.Dispose();
        Release(gradients);
        return [null!, .. gradients];
    }

    private static List<Tensor> Gradients(Call call, List<Tensor> kept, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor[] leaves = [.. kept.Select(t => t.detach().requires_grad_(t.requires_grad))];
        using var views = call.Views.With(leaves[call.Inputs..]);
        call.Reseed();
        var output = call.Layer(leaves[..call.Inputs], views);
        Tensor[] wanted = [.. leaves.Where(l => l.requires_grad)];
        var found = new Queue<Tensor>(autograd.grad([output], wanted, [gradient], allow_unused: true));
        return [.. leaves.Select(leaf => leaf.requires_grad ? found.Dequeue() is { IsInvalid: false } g ? g.DetachFromDisposeScope() : zeros_like(leaf).DetachFromDisposeScope() : null!)];
    }

    private static void Release(List<Tensor> next)
    {
        foreach (var tensor in Interlocked.Exchange(ref _returned, next)) tensor?.Dispose();
    }

    /// <summary>What is no tensor.</summary>
    private sealed record Call(int Inputs, LoraViews Views, long? Seed, Func<IReadOnlyList<Tensor>, LoraViews, Tensor> Function)
    {
        public Tensor Layer(IReadOnlyList<Tensor> inputs, LoraViews views)
        {
            Reseed();
            return Function(inputs, views);
        }

        public void Reseed()
        {
            if (Seed is { } seed) manual_seed(seed);
        }
    }
}
