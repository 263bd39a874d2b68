namespace AlignGuard.Domain.FineTuning

open System.Text

/// Waits between attempts: exponential, with jitter that is a function of the run, so that replays wait alike.
module internal Backoff =

    /// No wait is longer than an hour.
    let private longest = 3600.0

    /// FNV-1a, finished by the 64-bit mixer of MurmurHash3; string.GetHashCode differs between processes.
    let private hash (text: string) =
        let mutable h = 14695981039346656037UL

        for b in Encoding.UTF8.GetBytes text do
            h <- (h ^^^ uint64 b) * 1099511628211UL

        h <- (h ^^^ (h >>> 33)) * 0xff51afd7ed558ccdUL
        h <- (h ^^^ (h >>> 33)) * 0xc4ceb9fe1a85ec53UL
        h ^^^ (h >>> 33)

    /// A number in [0, 1).
    let private unit (text: string) = float (hash text >>> 11) / 9007199254740992.0

    /// Seconds to wait before this attempt (2, 3, ...): base·2^(attempt−2), stretched by up to a half.
    let delay (plan: Plan) (commandId: string) (attempt: int) : float =
        let stretch = 1.0 + 0.5 * unit $"{plan.Seed}/{commandId}/{attempt}"
        min longest (plan.BackoffSeconds * System.Math.Pow(2.0, float (min 60 (attempt - 2))) * stretch)
