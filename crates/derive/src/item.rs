//! [`Item`]: what a derive has to know of a struct or an enum, read from its tokens.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// A struct or an enum.
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// What it is made of.
pub(crate) enum Shape {
    Struct(Fields),
    Enum(Vec<Variant>),
}

/// One variant of an enum.
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) fields: Fields,
}

/// The fields of a struct or a variant, in declared order.
pub(crate) enum Fields {
    None,
    Named(Vec<Field>),
    Unnamed(Vec<Field>),
}

/// A field: its name, or its number where it has none, and its type as text.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) of_type: String,
}

impl Fields {
    pub(crate) fn all(&self) -> &[Field] {
        match self {
            Self::None => &[],
            Self::Named(fields) | Self::Unnamed(fields) => fields,
        }
    }
}

impl Item {
    pub(crate) fn read(input: TokenStream) -> Result<Self, &'static str> {
        let tokens: Vec<TokenTree> = input.into_iter().collect();
        let (kind, rest) = take_word(without_attributes(&tokens)).ok_or("no struct or enum")?;
        let (name, rest) = take_word(rest).ok_or("the type has no name")?;
        if rest.first().is_some_and(|token| is_mark(token, '<')) {
            return Err("`Canonical` is not derived for types with parameters");
        }
        let shape = match kind.as_str() {
            "struct" => Shape::Struct(fields(rest)?),
            "enum" => Shape::Enum(variants(rest)?),
            _ => return Err("`Canonical` is derived for structs and enums"),
        };
        let is_empty = match &shape {
            Shape::Struct(fields) => fields.all().is_empty(),
            Shape::Enum(variants) => variants.is_empty(),
        };
        // Lists rely on it: as many bytes as elements, at least.
        if is_empty { Err("a type without fields has no bytes") } else { Ok(Self { name, shape }) }
    }
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == mark)
}

fn take_word(tokens: &[TokenTree]) -> Option<(String, &[TokenTree])> {
    match tokens {
        [TokenTree::Ident(word), rest @ ..] => Some((word.to_string(), rest)),
        _ => None,
    }
}

/// What follows attributes and visibility.
fn without_attributes(mut tokens: &[TokenTree]) -> &[TokenTree] {
    loop {
        tokens = match tokens {
            [mark, TokenTree::Group(_), rest @ ..] if is_mark(mark, '#') => rest,
            [TokenTree::Ident(word), TokenTree::Group(scope), rest @ ..]
                if word.to_string() == "pub" && scope.delimiter() == Delimiter::Parenthesis =>
            {
                // `pub (A, B)` is a public field of a tuple type; nothing else would follow it.
                if rest.is_empty() {
                    return tokens.get(1..).unwrap_or_default();
                }
                rest
            }
            [TokenTree::Ident(word), rest @ ..] if word.to_string() == "pub" => rest,
            _ => return tokens,
        };
    }
}

/// Splits at the commas that stand outside of brackets of any kind.
fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let (mut parts, mut part, mut depth) = (Vec::new(), Vec::new(), 0_u32);
    for token in tokens {
        if is_mark(&token, '<') {
            depth = depth.saturating_add(1);
        } else if is_mark(&token, '>') {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 && is_mark(&token, ',') {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(token);
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn text(tokens: &[TokenTree]) -> String {
    tokens.iter().cloned().collect::<TokenStream>().to_string()
}

/// The fields in the group that `tokens` begin with.
fn fields(tokens: &[TokenTree]) -> Result<Fields, &'static str> {
    let Some(TokenTree::Group(group)) = tokens.first() else { return Ok(Fields::None) };
    let parts = split(group.stream());
    if group.delimiter() == Delimiter::Parenthesis {
        let field = |(number, part): (usize, &Vec<TokenTree>)| Field {
            name: number.to_string(),
            of_type: text(without_attributes(part)),
        };
        return Ok(Fields::Unnamed(parts.iter().enumerate().map(field).collect()));
    }
    let field = |part: &Vec<TokenTree>| match take_word(without_attributes(part)) {
        Some((name, [mark, of_type @ ..])) if is_mark(mark, ':') => {
            Ok(Field { name, of_type: text(of_type) })
        }
        _ => Err("a field without a name"),
    };
    parts.iter().map(field).collect::<Result<_, _>>().map(Fields::Named)
}

fn variants(tokens: &[TokenTree]) -> Result<Vec<Variant>, &'static str> {
    let Some(TokenTree::Group(group)) = tokens.first() else {
        return Err("an enum without braces");
    };
    let variant = |part: Vec<TokenTree>| {
        let (name, rest) =
            take_word(without_attributes(&part)).ok_or("a variant without a name")?;
        if rest.iter().any(|token| is_mark(token, '=')) {
            return Err("variants are numbered in order of declaration");
        }
        Ok(Variant { name, fields: fields(rest)? })
    };
    split(group.stream()).into_iter().map(variant).collect()
}
