//! `#[derive(Canonical)]`: the byte form of a struct or enum, field by field in declared order.
//!
//! Use it through `undercut_primitives::codec::Canonical`, where the trait and the format are. What
//! it writes is what anyone would write by hand: the fields one after the other, an enum's variant
//! in front as a 32-bit number. Types with parameters, without fields, or with chosen
//! discriminants are refused; there is none in this project.
//!
//! Reads the tokens itself: names of fields, their types and nothing else, in fewer lines than a
//! parser of Rust would have dependencies.

mod item;

use std::fmt::Write as _;

use proc_macro::TokenStream;

use item::{Fields, Item, Shape, Variant};

/// Gives a type its canonical byte form: `Encode` and `Decode` of `undercut_primitives::codec`.
#[proc_macro_derive(Canonical)]
pub fn canonical(input: TokenStream) -> TokenStream {
    let code = match Item::read(input) {
        Ok(item) => implementation(&item),
        Err(problem) => format!("::core::compile_error!({problem:?});"),
    };
    code.parse().unwrap_or_default()
}

const CODEC: &str = "::undercut_primitives::codec";

fn implementation(item: &Item) -> String {
    let name = &item.name;
    let (fixed, length, write, read) = match &item.shape {
        Shape::Struct(fields) => of_struct(fields),
        Shape::Enum(variants) => of_enum(variants),
    };
    format!(
        "#[automatically_derived]
        impl {CODEC}::Encode for {name} {{
            const FIXED: ::core::option::Option<usize> = {fixed};
            #[inline]
            fn byte_length(&self) -> usize {{ {length} }}
            #[inline]
            fn write_to(&self, out: &mut {CODEC}::Writer<'_>) {{ {write} }}
        }}
        #[automatically_derived]
        impl {CODEC}::Decode for {name} {{
            #[inline]
            fn read_from(
                from: &mut {CODEC}::Reader<'_>,
            ) -> ::core::result::Result<Self, {CODEC}::NoValue> {{ {read} }}
        }}"
    )
}

/// The sum of the fields' lengths, each given as an expression for a reference to it.
fn sum(places: &[String]) -> String {
    let mut sum = "0_usize".to_owned();
    for place in places {
        // A text that is written to takes what it is given.
        let _ = write!(sum, ".saturating_add({CODEC}::Encode::byte_length({place}))");
    }
    sum
}

fn writes(places: &[String]) -> String {
    let write = |place: &String| format!("{CODEC}::Encode::write_to({place}, out);");
    places.iter().map(write).collect()
}

/// An expression that reads the fields and makes `of` of them.
fn makes(of: &str, fields: &Fields) -> String {
    // What `?` says, without its conversions, each of which moves the value.
    let read = format!(
        "match {CODEC}::Decode::read_from(from) {{ \
            ::core::result::Result::Ok(value) => value, \
            ::core::result::Result::Err(none) => return ::core::result::Result::Err(none) }}"
    );
    match fields {
        Fields::None => of.to_owned(),
        Fields::Named(fields) => {
            let fields = fields.iter().map(|field| format!("{}: {read},", field.name));
            format!("{of} {{ {} }}", fields.collect::<String>())
        }
        Fields::Unnamed(fields) => {
            format!("{of}({})", fields.iter().map(|_| format!("{read},")).collect::<String>())
        }
    }
}

fn of_struct(fields: &Fields) -> (String, String, String, String) {
    let places: Vec<String> =
        fields.all().iter().map(|field| format!("&self.{}", field.name)).collect();
    let of_type = |field: &item::Field| format!("<{} as {CODEC}::Encode>::FIXED,", field.of_type);
    let fixed: String = fields.all().iter().map(of_type).collect();
    let writes = writes(&places);
    let makes = makes("Self", fields);
    (
        format!("{CODEC}::sum_of_fixed(&[{fixed}])"),
        sum(&places),
        format!("{CODEC}::write_block(Self::FIXED, out, |out| {{ {writes} }})"),
        format!(
            "{CODEC}::read_block(<Self as {CODEC}::Encode>::FIXED, from, |from| \
                ::core::result::Result::Ok({makes}))"
        ),
    )
}

fn of_enum(variants: &[Variant]) -> (String, String, String, String) {
    let (mut lengths, mut writes_of, mut reads) = (String::new(), String::new(), String::new());
    for (number, variant) in variants.iter().enumerate() {
        let path = format!("Self::{}", variant.name);
        // Bindings that no field can be called.
        let bound: Vec<String> =
            (0..variant.fields.all().len()).map(|place| format!("__{place}")).collect();
        let pattern: String = (variant.fields.all().iter().zip(&bound))
            .map(|(field, bound)| format!("{}: {bound},", field.name))
            .collect();
        let pattern = format!("{path} {{ {pattern} }}");
        let (length, write) = (sum(&bound), writes(&bound));
        let make = makes(&path, &variant.fields);
        // A text that is written to takes what it is given.
        let _ = write!(lengths, "{pattern} => {length},");
        let _ = write!(
            writes_of,
            "{pattern} => {{ {CODEC}::Encode::write_to(&{number}_u32, out); {write} }}"
        );
        let _ = write!(reads, "{number} => ::core::result::Result::Ok({make}),");
    }
    let plain = variants.iter().all(|variant| variant.fields.all().is_empty());
    let fixed =
        if plain { "::core::option::Option::Some(4)" } else { "::core::option::Option::None" };
    (
        fixed.to_owned(),
        format!("4_usize.saturating_add(match self {{ {lengths} }})"),
        format!("match self {{ {writes_of} }}"),
        format!(
            "match <u32 as {CODEC}::Decode>::read_from(from)? {{ {reads}
                _ => ::core::result::Result::Err({CODEC}::NoValue) }}"
        ),
    )
}
