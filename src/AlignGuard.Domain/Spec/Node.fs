namespace AlignGuard.Domain.Spec

/// A place in the text, 1-based.
[<Struct>]
type internal Place = { Line: int; Column: int }

/// The plain tree of a job file: what YAML and JSON have in common.
[<RequireQualifiedAccess>]
type internal Node =
    /// Quoted scalars are texts and nothing else.
    | Scalar of text: string * quoted: bool * place: Place
    | List of items: Node list * place: Place
    | Group of entries: Entry list * place: Place

    member n.Place =
        match n with
        | Scalar(_, _, place) | List(_, place) | Group(_, place) -> place

    /// "a text", "a list", ...: for messages.
    member n.Kind =
        match n with
        | Scalar _ -> "a single value"
        | List _ -> "a list"
        | Group _ -> "a group of keys"

    /// An empty, ~ or null value.
    member n.IsNull =
        match n with
        | Scalar(("" | "~" | "null"), false, _) -> true
        | _ -> false

and internal Entry = { Name: string; At: Place; Value: Node }
