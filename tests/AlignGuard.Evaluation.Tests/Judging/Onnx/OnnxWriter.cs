using System.Runtime.InteropServices;
using Google.Protobuf;

namespace AlignGuard.Evaluation.Tests.Judging.Onnx;

/// <summary>Writes ONNX files, as far as a small classifier needs: the wire format of onnx.proto, field by field.</summary>
internal static class OnnxWriter
{
    public const int Float = 1, Int32 = 6, Int64 = 7, Float16 = 10;

    public static byte[] Model(byte[][] nodes, byte[][] initializers, byte[][] inputs, byte[][] outputs) => Message(m =>
    {
        m.Varint(1, 8);
        m.Bytes(7, Message(g =>
        {
            foreach (var node in nodes) g.Bytes(1, node);
            g.Text(2, "classifier");
            foreach (var initializer in initializers) g.Bytes(5, initializer);
            foreach (var input in inputs) g.Bytes(11, input);
            foreach (var output in outputs) g.Bytes(12, output);
        }));
        m.Bytes(8, Message(opset =>
        {
            opset.Text(1, "");
            opset.Varint(2, 17);
        }));
    });

    public static byte[] Node(string type, string[] inputs, string output, params (string Name, long Value)[] attributes) => Message(n =>
    {
        foreach (var input in inputs) n.Text(1, input);
        n.Text(2, output);
        n.Text(4, type);
        foreach (var (name, value) in attributes)
            n.Bytes(5, Message(a =>
            {
                a.Text(1, name);
                a.Varint(3, value);
                a.Varint(20, 2);
            }));
    });

    public static byte[] Tensor(string name, long[] shape, float[] values) => Tensor(name, shape, Float, MemoryMarshal.AsBytes(values.AsSpan()));

    public static byte[] Tensor(string name, long[] values) => Tensor(name, [values.Length], Int64, MemoryMarshal.AsBytes(values.AsSpan()));

    /// <param name="shape">Numbers, or names of dimensions that are left open.</param>
    public static byte[] Value(string name, int type, params object[] shape) => Message(v =>
    {
        v.Text(1, name);
        v.Bytes(2, Message(t => t.Bytes(1, Message(tensor =>
        {
            tensor.Varint(1, type);
            tensor.Bytes(2, Message(s =>
            {
                foreach (var size in shape)
                    s.Bytes(1, Message(d =>
                    {
                        if (size is string open) d.Text(2, open);
                        else d.Varint(1, Convert.ToInt64(size, null));
                    }));
            }));
        }))));
    });

    private static byte[] Tensor(string name, long[] shape, int type, ReadOnlySpan<byte> raw)
    {
        var data = raw.ToArray();
        return Message(t =>
        {
            foreach (var size in shape) t.Varint(1, size);
            t.Varint(2, type);
            t.Text(8, name);
            t.Bytes(9, data);
        });
    }

    private static byte[] Message(Action<Fields> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true)) write(new Fields(output));
        return stream.ToArray();
    }

    private readonly struct Fields(CodedOutputStream output)
    {
        public void Varint(int field, long value)
        {
            output.WriteTag(field, WireFormat.WireType.Varint);
            output.WriteInt64(value);
        }

        public void Text(int field, string value)
        {
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteString(value);
        }

        public void Bytes(int field, byte[] value)
        {
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(value));
        }
    }
}
