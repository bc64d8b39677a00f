//! Rust text with comments and literals blanked out, and what is found in it.
//!
//! A scanner, not a parser: it knows comments, literals, braces and attributes, which is what the
//! rules of `tidy.rs` need. Blanks replace what is masked, so that lines keep their numbers.

/// Something found in a text: the line, from 1, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The line, from 1.
    pub line: usize,
    /// What was found.
    pub what: String,
}

/// Rust text with every comment and the inside of every literal replaced by blanks.
#[must_use]
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            masked.push(chars[at]);
            at += 1;
            continue;
        }
        let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
        masked.extend(chars[at..end].iter().map(blank));
        at = end;
    }
    masked
}

/// Where the comment or literal that starts at `at` ends; `at` when none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    let starts_word = at == 0 || !is_word(chars[at - 1]);
    match chars[at] {
        '/' if next == Some('/') => find(chars, at, |c| c == '\n'),
        '/' if next == Some('*') => comment_end(chars, at),
        '"' => string_end(chars, at),
        '\'' => char_end(chars, at),
        'r' | 'b' | 'c' if starts_word => prefixed_end(chars, at),
        _ => at,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn find(chars: &[char], from: usize, is_end: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|at| is_end(chars[*at])).unwrap_or(chars.len())
}

fn comment_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// The end of a string in plain quotes, of which the first stands at `from`.
fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The end of a character literal; `from` when the quote starts a lifetime.
fn char_end(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), Some(_)) => (find(chars, from + 3, |c| c == '\'') + 1).min(chars.len()),
        (Some(_), Some('\'')) => from + 3,
        _ => from,
    }
}

/// The end of a literal with a prefix of `r`, `b` or `c`, raw or not; `from` when it is a word.
fn prefixed_end(chars: &[char], from: usize) -> usize {
    let open = find(chars, from, |c| !['r', 'b', 'c'].contains(&c));
    let quote = find(chars, open, |c| c != '#');
    let is_raw = chars[from..open].contains(&'r');
    match chars.get(quote) {
        Some('"') if is_raw => raw_end(chars, quote, quote - open),
        Some('"') if quote == open => string_end(chars, quote),
        Some('\'') if quote == open => char_end(chars, quote).max(from),
        _ => from,
    }
}

fn raw_end(chars: &[char], quote: usize, hashes: usize) -> usize {
    let closes = |at: &usize| {
        let after = chars.get(at + 1..at + 1 + hashes);
        chars[*at] == '"' && after.is_some_and(|after| after.iter().all(|c| *c == '#'))
    };
    (quote + 1..chars.len()).find(closes).map_or(chars.len(), |at| at + 1 + hashes)
}

/// Masked text in which everything that only tests see is blanked out as well.
#[must_use]
pub fn without_tests(masked: &str) -> String {
    let mut text: Vec<u8> = masked.bytes().collect();
    let mut from = 0;
    while let Some(start) = next_test_attribute(masked, from) {
        let end = item_end(masked, start);
        for byte in &mut text[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8(text).expect("whole items were blanked out")
}

fn next_test_attribute(masked: &str, from: usize) -> Option<usize> {
    let starts = ["#[cfg(test)]", "#[cfg(all(test", "#[test]"];
    starts.iter().filter_map(|start| Some(from + masked[from..].find(start)?)).min()
}

/// The end of the item whose attributes start at `from`: its closing brace or semicolon.
fn item_end(masked: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in masked.bytes().enumerate().skip(from) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && byte == b'}' {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    masked.len()
}

/// The modules that the text declares for tests alone and keeps in files of their own.
#[must_use]
pub fn test_modules(text: &str) -> Vec<String> {
    let masked = mask(text);
    let (mut modules, mut from) = (Vec::new(), 0);
    while let Some(start) = next_test_attribute(&masked, from) {
        let end = item_end(&masked, start);
        if let Some(declaration) = masked[start..end].strip_suffix(';')
            && let Some((_, name)) = declaration.rsplit_once("mod ")
        {
            modules.push(name.trim().to_owned());
        }
        from = end;
    }
    modules
}

/// Where one of `words` stands as a whole word.
#[must_use]
pub fn words(masked: &str, words: &[&str]) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(masked.lines()) {
        let tokens = text.split(|c: char| !is_word(c));
        let hits = tokens.filter(|token| words.contains(token));
        found.extend(hits.map(|token| Found { line, what: token.to_owned() }));
    }
    found
}

/// Where one of `texts` stands, as part of a word or not.
#[must_use]
pub fn texts(text: &str, texts: &[&str]) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let hits = texts.iter().filter(|wanted| content.contains(**wanted));
        found.extend(hits.map(|wanted| Found { line, what: (*wanted).to_owned() }));
    }
    found
}

/// Types whose name says nothing: one of `words` as a part of a struct's, enum's, trait's or
/// alias's name.
#[must_use]
pub fn type_names(masked: &str, words: &[&str]) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(masked.lines()) {
        let mut tokens = text.split(|c: char| !is_word(c)).filter(|token| !token.is_empty());
        while let Some(token) = tokens.next() {
            if !["struct", "enum", "trait", "type", "union"].contains(&token) {
                continue;
            }
            let name = tokens.next().unwrap_or_default();
            if words.iter().any(|word| has_part(name, word)) {
                found.push(Found { line, what: name.to_owned() });
            }
        }
    }
    found
}

/// Whether a name in capitals-between-words has this word as a part: `Util` in `GpuUtil`, not in
/// `Utilization`.
fn has_part(name: &str, word: &str) -> bool {
    let ends = |at: usize| !name[at + word.len()..].starts_with(|c: char| c.is_ascii_lowercase());
    name.match_indices(word).any(|(at, _)| ends(at) || name[at + word.len()..] == *"s")
}

/// Functions of more than `lines_max` lines, from `fn` to the closing brace.
#[must_use]
pub fn long_functions(masked: &str, lines_max: usize) -> Vec<Found> {
    let mut found = Vec::new();
    let line_of = |at: usize| 1 + masked[..at].matches('\n').count();
    for (at, _) in masked.match_indices("fn ") {
        let starts_word = at == 0 || !is_word(char::from(masked.as_bytes()[at - 1]));
        let name: String = masked[at + 3..].chars().take_while(|c| is_word(*c)).collect();
        if !starts_word || name.is_empty() {
            continue;
        }
        let lines = 1 + masked[at..item_end(masked, at)].matches('\n').count();
        if lines > lines_max {
            let what = format!("`{name}` has {lines} lines");
            found.push(Found { line: line_of(at), what });
        }
    }
    found
}

/// Characters outside ASCII in code; comments and literals may have them.
#[must_use]
pub fn foreign_characters(masked: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(masked.lines()) {
        let foreign = text.chars().filter(|c| !c.is_ascii());
        found.extend(foreign.map(|c| Found { line, what: c.escape_unicode().to_string() }));
    }
    found
}

/// The stable codes that stand in string literals, e.g. `BID003`: three or four capital letters and
/// three digits. Sorted.
#[must_use]
pub fn codes(text: &str) -> Vec<String> {
    let is_code = |word: &&str| {
        let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
        let digits = word.bytes().skip(letters).filter(u8::is_ascii_digit).count();
        (3..=4).contains(&letters) && digits == 3 && word.len() == letters + 3
    };
    let mut codes: Vec<String> = text.split('"').filter(is_code).map(str::to_owned).collect();
    codes.sort();
    codes.dedup();
    codes
}
