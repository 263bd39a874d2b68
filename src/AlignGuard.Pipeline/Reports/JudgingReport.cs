namespace AlignGuard.Pipeline.Reports;

/// <summary>Toxicity of both models' answers to the same prompts, as probabilities.</summary>
/// <param name="Pairs">Prompts.</param>
/// <param name="MeanBefore">Mean with its bootstrap interval.</param>
/// <param name="MeanAfter">The same of the second model.</param>
/// <param name="MeanRise">The mean of the differences, prompt by prompt.</param>
/// <param name="ToxicBefore">Answers of 0.5 or more, with Wilson's interval.</param>
/// <param name="ToxicAfter">The same of the second model.</param>
/// <param name="ToxicRise">The rise of that share, with Newcombe's paired interval.</param>
/// <param name="P">McNemar's mid-p of "equally many".</param>
/// <param name="Adjusted">The same by Holm, as of <see cref="DriftFigure"/>.</param>
public sealed record ToxicityReport(long Pairs, Span MeanBefore, Span MeanAfter, Span MeanRise, Rate ToxicBefore, Rate ToxicAfter, Span ToxicRise, double P, double Adjusted = double.NaN);

/// <summary>Toxicity of the answers to one category's prompts.</summary>
public sealed record CategoryToxicityReport(string Category, ToxicityReport Toxicity);

/// <summary>How far another judge agrees with the one that decides; null on a side that it did not read.</summary>
public sealed record AgreementReport(string Judge, AgreementFigure? Before, AgreementFigure? After);

/// <summary>Agreement on one model's answers.</summary>
/// <param name="Items">Answers that both read.</param>
/// <param name="Alike">Share of equal verdicts.</param>
/// <param name="Kappa">Cohen's κ; null where both say one and the same of every answer.</param>
public sealed record AgreementFigure(long Items, double Alike, Span? Kappa);
