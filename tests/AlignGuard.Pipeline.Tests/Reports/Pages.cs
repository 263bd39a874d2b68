using System.Xml;
using System.Xml.Linq;

namespace AlignGuard.Pipeline.Tests.Reports;

/// <summary>Pages as trees.</summary>
internal static class Pages
{
    public static XElement Parse(string page)
    {
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader, LoadOptions.PreserveWhitespace).Root!;
    }

    public static XElement Section(string page, string id) => Parse(page).Descendants("section").Single(s => s.Attribute("id")!.Value == id);

    public static IEnumerable<XElement> Of(this XElement element, string name, string look) =>
        element.Descendants(name).Where(e => e.Attribute("class")?.Value.Split(' ').Contains(look) == true);

    /// <summary>Behind a click, and not opened.</summary>
    public static bool IsVeiled(this XElement element) => element.Ancestors("details").Any(d => d.Attribute("class")?.Value == "veil" && d.Attribute("open") is null);
}
