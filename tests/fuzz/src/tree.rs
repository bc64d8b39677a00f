//! A YAML document before it is written down.

use arbitrary::Arbitrary;

/// A value with all below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tree {
    /// A text that means the same in quotes and without.
    Text(String),
    /// A scalar that is always written as it stands: a number, a flag, something odd.
    Plain(&'static str),
    /// A text that is always in quotes.
    Quoted(&'static str),
    /// One of the spellings of nothing.
    Null,
    /// Values in their order.
    List(Vec<Tree>),
    /// Pairs in any order.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A mapping without the pairs that have no value.
    pub(crate) fn map<const N: usize>(pairs: [(&str, Option<Self>); N]) -> Self {
        let given = pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Self::Map(given.collect())
    }

    /// Things by name; of two with one name, the first.
    pub(crate) fn named(pairs: impl IntoIterator<Item = (String, Self)>) -> Self {
        let mut named: Vec<(String, Self)> = Vec::new();
        for (name, value) in pairs {
            if named.iter().all(|(known, _)| *known != name) {
                named.push((name, value));
            }
        }
        Self::Map(named)
    }

    /// How many values there are, keys not counted.
    fn size(&self) -> usize {
        1 + match self {
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Map(pairs) => pairs.iter().map(|(_, value)| value.size()).sum(),
            _ => 0,
        }
    }

    /// The value number `at`, from 0, in the order of the text.
    fn at(&mut self, at: usize) -> Option<&mut Self> {
        if at == 0 {
            return Some(self);
        }
        let mut left = at - 1;
        let below: Vec<&mut Self> = match self {
            Self::List(items) => items.iter_mut().collect(),
            Self::Map(pairs) => pairs.iter_mut().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        for child in below {
            let size = child.size();
            if left < size {
                return child.at(left);
            }
            left -= size;
        }
        None
    }

    /// Alters one value.
    pub(crate) fn alter(&mut self, change: &Change) {
        let place = usize::from(change.place) % self.size();
        if let Some(value) = self.at(place) {
            change.kind.apply(value);
        }
    }
}

/// Something that does not belong there.
#[derive(Debug, Arbitrary)]
pub(crate) struct Change {
    place: u16,
    kind: Kind,
}

#[derive(Debug, Arbitrary)]
enum Kind {
    Null,
    Plain(u8),
    Quoted(u8),
    EmptyList,
    EmptyMap,
    InList,
    InMap,
    Unknown(u8),
    NullItem,
    LastAgain,
    Without,
}

/// Scalars that mean something else in quotes, or look as if they did.
const ODD: [&str; 24] = [
    "80",
    "0x50",
    "0120",
    "08",
    "1e3",
    "1.5",
    "-1",
    "4294967296",
    "+7",
    "1_000",
    ".5",
    "0b101",
    "0o17",
    "true",
    "True",
    "yes",
    "off",
    "yES",
    "=",
    "2024-01-02",
    "1:20",
    "inf",
    ".nan",
    "1e999",
];

/// Keys that are known in some place or other, and some that are not.
const KEYS: [&str; 12] = [
    "image",
    "cpu",
    "units",
    "attributes",
    "class",
    "service",
    "global",
    "unknown",
    "Image",
    "depends_on",
    "size",
    "vendor",
];

fn pick<const N: usize>(pool: &[&'static str; N], number: u8) -> &'static str {
    pool[usize::from(number) % N]
}

impl Kind {
    fn apply(&self, value: &mut Tree) {
        match (self, &mut *value) {
            (Self::Null, _) => *value = Tree::Null,
            (Self::Plain(number), _) => *value = Tree::Plain(pick(&ODD, *number)),
            (Self::Quoted(number), _) => *value = Tree::Quoted(pick(&ODD, *number)),
            (Self::EmptyList, _) => *value = Tree::List(Vec::new()),
            (Self::EmptyMap, _) => *value = Tree::Map(Vec::new()),
            (Self::InList, _) => *value = Tree::List(vec![value.clone()]),
            (Self::InMap, _) => *value = Tree::Map(vec![("unknown".to_owned(), value.clone())]),
            (Self::Unknown(number), Tree::Map(pairs)) => {
                let key = pick(&KEYS, *number);
                if pairs.iter().all(|(known, _)| known != key) {
                    pairs.push((key.to_owned(), Tree::Plain(pick(&ODD, number.rotate_left(4)))));
                }
            }
            (Self::NullItem, Tree::List(items)) => items.insert(items.len() / 2, Tree::Null),
            (Self::LastAgain, Tree::List(items)) => items.extend(items.last().cloned()),
            (Self::Without, Tree::List(items)) => drop(items.pop()),
            (Self::Without, Tree::Map(pairs)) => drop(pairs.pop()),
            (Self::Unknown(_) | Self::NullItem | Self::LastAgain | Self::Without, _) => {}
        }
    }
}
