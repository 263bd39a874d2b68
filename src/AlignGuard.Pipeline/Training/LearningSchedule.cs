namespace AlignGuard.Pipeline.Training;

/// <summary>Learning rate over steps: linear warm-up, then constant, linear to 0, or a cosine to 0.</summary>
public sealed record LearningSchedule(double Peak, int Warmup, int Steps, LearningShape Shape)
{
    /// <param name="step">0-based.</param>
    public double At(int step)
    {
        if (step < Warmup) return Peak * (step + 1) / Warmup;
        var progress = Math.Clamp((double)(step - Warmup) / Math.Max(1, Steps - Warmup), 0, 1);
        return Shape switch
        {
            LearningShape.Linear => Peak * (1 - progress),
            LearningShape.Cosine => Peak * 0.5 * (1 + Math.Cos(Math.PI * progress)),
            _ => Peak,
        };
    }
}

/// <summary>Course of the learning rate after warm-up.</summary>
public enum LearningShape
{
    Constant,
    Linear,
    Cosine,
}
