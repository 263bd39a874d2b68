namespace AlignGuard.Domain
