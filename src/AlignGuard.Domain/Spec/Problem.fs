namespace AlignGuard.Domain.Spec

/// <summary>One thing wrong (or, as a warning, odd) in a job.</summary>
type Problem =
    {
        /// Where the text came from: the file's name, or "--set KEY=VALUE".
        Source: string
        /// The key, e.g. "guard.rank.min"; empty for the document as a whole.
        Path: string
        /// 1-based; 0 for an override.
        Line: int
        /// 1-based; 0 for an override.
        Column: int
        /// What is wrong.
        Message: string
        /// What to do about it; may be empty.
        Hint: string
    }

    /// "job.yaml(12,3): guard.lambdA: unknown key. Did you mean guard.lambdaA?"
    override p.ToString() =
        let place = if p.Line > 0 then $"{p.Source}({p.Line},{p.Column})" else p.Source
        let path = if p.Path = "" then "" else p.Path + ": "
        let hint = if p.Hint = "" then "" else " " + p.Hint
        $"{place}: {path}{p.Message}{hint}"
