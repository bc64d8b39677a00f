//! The text of a [`Starter`], with the field that each line comes from.
//!
//! Every answer stands on one line, whatever is in it, so that a problem's line leads to its field.

use std::collections::BTreeMap;

use super::{Starter, StarterGpu};
use crate::model::Version;

/// Lines, each with its field; empty for a line that has no answer in it.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    fields: Vec<&'static str>,
}

impl Page {
    pub(super) fn write(starter: &Starter) -> Self {
        let mut page = Self::default();
        page.line(0, "# A manifest to start from: one service with one public port.");
        let version = match starter.version {
            Version::V2_0 => "version: \"2.0\"",
            Version::V2_1 => "version: \"2.1\"",
        };
        page.answer("version", 0, version);
        if let Some(name) = &starter.leased_ip {
            page.line(0, "");
            page.line(0, "# IP addresses to lease. The name is free, the kind is not.");
            page.line(0, "endpoints:");
            page.answer("leased-ip", 1, &format!("{}:", text(name)));
            page.line(2, "kind: ip");
        }
        page.services(starter);
        page.profiles(starter);
        page.deployment(starter);
        page
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The field of the answer on `line`, counted from 1, or on the next one above it. A problem
    /// of the whole text comes from the field with the longest answers.
    pub(super) fn field_at(&self, line: usize) -> &'static str {
        let above = self.fields.get(..line).unwrap_or(&self.fields);
        if let Some(field) = above.iter().rev().find(|field| !field.is_empty()) {
            return field;
        }
        let mut lengths: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (field, line) in self.fields.iter().zip(self.text.lines()) {
            let length = lengths.entry(field).or_default();
            *length = length.saturating_add(line.len());
        }
        lengths.into_iter().max_by_key(|(_, length)| *length).map_or("", |(field, _)| field)
    }

    /// A line without an answer in it.
    fn line(&mut self, level: usize, line: &str) {
        self.answer("", level, line);
    }

    fn answer(&mut self, field: &'static str, level: usize, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line);
        self.text.push('\n');
        self.fields.push(field);
    }

    /// A list of texts under a key, or nothing.
    fn list(&mut self, field: &'static str, level: usize, key: &str, items: &[String]) {
        if !items.is_empty() {
            self.line(level, key);
        }
        for item in items {
            self.answer(field, level.saturating_add(1), &format!("- {}", text(item)));
        }
    }

    fn services(&mut self, starter: &Starter) {
        self.line(0, "");
        self.line(0, "# What to run: the image, its settings, and the port that it listens on.");
        self.line(0, "services:");
        self.answer("name", 1, &format!("{}:", text(&starter.name)));
        self.answer("image", 2, &format!("image: {}", text(&starter.image)));
        self.list("env", 2, "env:", &starter.env);
        if let Some(volume) = &starter.volume {
            self.line(2, "params:");
            self.line(3, "storage:");
            self.line(4, "data:");
            self.answer("volume-mount", 5, &format!("mount: {}", text(&volume.mount)));
        }
        self.line(2, "expose:");
        self.answer("port", 3, &format!("- port: {}", starter.port));
        match starter.outside_port.filter(|port| *port != starter.port && *port != 0) {
            Some(80) => self.answer("outside-port", 4, "as: 80 # outside port 80 is shared HTTP"),
            Some(port) => self.answer("outside-port", 4, &format!("as: {port} # outside")),
            None => {}
        }
        self.list("host", 4, "accept: # point the DNS records at the provider", &starter.hosts);
        self.line(4, "to:");
        self.line(5, "- global: true # reachable from outside");
        if let Some(name) = &starter.leased_ip {
            self.answer("leased-ip", 6, &format!("ip: {}", text(name)));
        }
    }

    fn profiles(&mut self, starter: &Starter) {
        self.line(0, "");
        self.line(0, "# What one replica needs, and the most that it may cost where.");
        self.line(0, "profiles:");
        self.line(1, "compute:");
        self.answer("name", 2, &format!("{}:", text(&starter.name)));
        self.line(3, "resources:");
        self.line(4, "cpu:");
        self.answer("cpu", 5, &format!("units: {}", quantity(&starter.cpu)));
        self.line(4, "memory:");
        self.answer("memory", 5, &format!("size: {}", quantity(&starter.memory)));
        if let Some(gpu) = &starter.gpu {
            self.gpu(gpu);
        }
        self.storage(starter);
        self.line(1, "placement:");
        self.answer("placement", 2, &format!("{}:", text(&starter.placement)));
        self.line(3, "pricing:");
        self.answer("name", 4, &format!("{}:", text(&starter.name)));
        self.answer("denom", 5, &format!("denom: {}", text(&starter.denom)));
        let amount = quantity(&starter.amount);
        self.answer("amount", 5, &format!("amount: {amount} # per block and replica, at most"));
    }

    fn gpu(&mut self, gpu: &StarterGpu) {
        self.line(4, "gpu:");
        self.answer("gpu", 5, &format!("units: {}", gpu.units));
        self.line(5, "attributes:");
        self.line(6, "vendor:");
        self.line(7, "nvidia: # any one of the models will do");
        self.answer("gpu-model", 8, &format!("- model: {}", text(&gpu.model)));
        if let Some(memory) = &gpu.memory {
            self.answer("gpu-memory", 9, &format!("ram: {}", quantity(memory)));
        }
    }

    fn storage(&mut self, starter: &Starter) {
        self.line(4, "storage:");
        let size = format!("size: {}", quantity(&starter.storage));
        let Some(volume) = &starter.volume else {
            self.answer("storage", 5, &size);
            return;
        };
        self.answer("storage", 5, &format!("- {size} # gone with the replica"));
        self.line(5, "- name: data");
        self.answer("volume-size", 6, &format!("size: {}", quantity(&volume.size)));
        self.line(6, "attributes:");
        self.line(7, "persistent: true");
        self.line(7, "class: beta3 # NVMe; beta2 is SSD, beta1 HDD");
    }

    fn deployment(&mut self, starter: &Starter) {
        self.line(0, "");
        self.line(0, "# Which service goes where, with which resources, and how many times.");
        self.line(0, "deployment:");
        self.answer("name", 1, &format!("{}:", text(&starter.name)));
        self.answer("placement", 2, &format!("{}:", text(&starter.placement)));
        self.answer("name", 3, &format!("profile: {}", text(&starter.name)));
        self.answer("count", 3, &format!("count: {}", starter.count));
    }
}

/// A text as a YAML scalar or key: in quotes when anything would read it otherwise.
fn text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { in_quotes(text) }
}

/// A quantity as a YAML scalar: plain when it is written like one, so that numbers are numbers.
fn quantity(text: &str) -> String {
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    let is_plain = starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if is_plain { text.to_owned() } else { in_quotes(text) }
}

/// Words that are no texts in YAML 1.1 or 1.2, in small letters.
const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// Whether every reader of YAML takes the text as it stands, for a text.
fn is_plain(text: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_/.:@=+,- ".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "_/".contains(c));
    let ends = !text.ends_with([' ', ':']) && !text.contains(": ");
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    starts && ends && text.chars().all(is_safe) && !is_word && !may_be_number(text)
}

/// Whether a text may be a number, a date or a time in some version of YAML.
fn may_be_number(text: &str) -> bool {
    let may_be_in_one = |c: char| c.is_ascii_hexdigit() || "xXoOtTzZ_.:+- ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(may_be_in_one)
}

/// The text in double quotes. What cannot be seen is escaped.
fn in_quotes(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_hidden(character) => match u32::from(character) {
                code @ 0..=0xff => out.push_str(&format!("\\x{code:02x}")),
                code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// Whether a character is not seen in an editor, or changes how others are seen.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
        || matches!(character, '\u{e0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_when_they_need_it() {
        let plain = [
            "web",
            "nginx:1.27",
            "ghcr.io/example/shop:4.2.0",
            "a/b@sha256:ab12",
            "MOTD=Hello, world",
            "/data",
            "1password",
            "no-reply",
            "null-service",
            "b1",
            "face",
        ];
        for one in plain {
            assert_eq!(text(one), one);
        }
        let rows = [
            ("", "\"\""),
            ("*", "\"*\""),
            ("&a", "\"&a\""),
            ("- a", "\"- a\""),
            ("-a", "\"-a\""),
            ("a: b", "\"a: b\""),
            ("a:", "\"a:\""),
            ("a #b", "\"a #b\""),
            (" a", "\" a\""),
            ("a ", "\"a \""),
            ("~", "\"~\""),
            ("No", "\"No\""),
            ("NULL", "\"NULL\""),
            ("1.27", "\"1.27\""),
            ("0x1F", "\"0x1F\""),
            ("1e3", "\"1e3\""),
            ("1_000", "\"1_000\""),
            ("2024-01-02", "\"2024-01-02\""),
            ("12:30", "\"12:30\""),
            ("2024-01-02T10:00:00Z", "\"2024-01-02T10:00:00Z\""),
            ("<<", "\"<<\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\nb\tc\r", "\"a\\nb\\tc\\r\""),
            ("\0\u{85}\u{2028}\u{feff}\u{e0001}", "\"\\x00\\x85\\u2028\\ufeff\\U000e0001\""),
            ("\u{fc}\u{1f600}", "\"\u{fc}\u{1f600}\""),
        ];
        for (one, expected) in rows {
            assert_eq!(text(one), expected);
        }
    }

    #[test]
    fn quantities_are_plain_when_written_like_one() {
        for one in ["0.5", "500m", "512Mi", "1e3"] {
            assert_eq!(quantity(one), one);
        }
        for one in ["", "null", "~", ".5", "-1", "1 Gi", "1#"] {
            assert_eq!(quantity(one), in_quotes(one));
        }
    }
}
