//! The page of an [`Explanation`]: sections of labelled rows, wrapped at 100 characters.

use std::collections::BTreeSet;

use undercut_primitives::PricePerBlock;
use undercut_primitives::usd::{self, Usd};

use super::{
    ExplainedGroup, ExplainedPort, ExplainedService, ExplainedUnit, ExplainedVolume, Explanation,
    GpuModel, Reach, Totals, UsdCost,
};
use crate::gate::cut;
use crate::prices::ANY_MODEL;
use crate::quantity::SIZE_UNITS;
use crate::suggest::grouped;

/// The longest line.
const WIDTH: usize = 100;
/// Blanks in front of a label.
const INDENT: usize = 4;
/// The column in which the text of a row starts.
const COLUMN: usize = 22;
/// The most characters that a text of the manifest is shown with.
const TEXT_MAX: usize = 300;

pub(super) fn page(explanation: &Explanation, usd_per_akt: Option<Usd>) -> String {
    let mut page = Page { out: String::new(), usd_per_akt };
    let groups = &explanation.groups;
    let names = groups.iter().flat_map(|group| &group.services).map(|service| &service.name);
    let services = length(names.collect::<BTreeSet<_>>().len());
    page.line(&format!(
        "This manifest asks for {}: {}, {}.",
        counted(length(groups.len()), "group"),
        counted(services, "service"),
        counted(explanation.totals.replicas, "replica"),
    ));
    if groups.len() > 1 {
        page.line("Each group is auctioned, leased and paid for on its own.");
    }
    for group in groups {
        page.group(group, explanation.reclamation_min_window_ns);
    }
    if groups.len() > 1 {
        page.line("");
        page.line("All groups together");
        page.totals("Resources", &explanation.totals);
        page.cost(explanation.ceiling.as_ref());
    }
    page.footer(explanation.ceiling.as_ref());
    page.out
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Where the page is written.
struct Page {
    out: String,
    usd_per_akt: Option<Usd>,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line("");
        self.line(&format!("  {title}"));
    }

    /// A label and its text, wrapped. A label too long for its column has a line of its own.
    fn row(&mut self, label: &str, text: &str) {
        let label = cut(label, WIDTH.saturating_sub(INDENT).saturating_sub(3));
        let mut start = format!("{:INDENT$}{label}", "");
        if start.chars().count().saturating_add(2) > COLUMN {
            self.line(&start);
            start.clear();
        }
        for line in wrapped(text, WIDTH.saturating_sub(COLUMN)) {
            self.line(format!("{start:COLUMN$}{line}").trim_end());
            start.clear();
        }
    }

    /// Rows under one label.
    fn rows(&mut self, label: &str, texts: impl IntoIterator<Item = String>) {
        let mut label = label;
        for text in texts {
            self.row(label, &text);
            label = "";
        }
    }

    fn group(&mut self, group: &ExplainedGroup, window_ns: Option<u64>) {
        self.line("");
        self.line(&format!("Group `{}`", cut(&group.name, 80)));
        self.section("Services");
        for service in &group.services {
            let (count, unit) = (counted(service.count, "replica"), service.unit);
            let image = cut(&service.image, TEXT_MAX);
            self.rows(&service.name, [format!("{count} of unit {unit}"), format!("image {image}")]);
        }
        for unit in &group.units {
            self.unit(unit, group.services.len() > 1);
        }
        if group.totals.replicas > 1 {
            self.totals(
                &format!("All {} together", counted(group.totals.replicas, "replica")),
                &group.totals,
            );
        }
        self.ports(&group.services);
        self.requirements(group, window_ns);
        self.cost(group.ceiling.as_ref());
    }

    fn unit(&mut self, unit: &ExplainedUnit, name_services: bool) {
        let each = if unit.count == 1 { "" } else { "each of " };
        let count = counted(unit.count, "replica");
        self.section(&format!("Unit {}: {each}{count}", unit.id));
        let arch = unit.arch.as_ref().map(|arch| format!(", {}", cut(arch, TEXT_MAX)));
        self.row("CPU", &format!("{}{}", cpus(unit.cpu_milli), arch.unwrap_or_default()));
        self.row("memory", &size(unit.memory_bytes));
        if unit.gpus > 0 {
            self.row("GPU", &gpus(unit));
        }
        let volumes = unit.volumes.iter().map(|one| volume(one, name_services));
        self.rows("storage", volumes.collect::<Vec<_>>());
        let each = if unit.count == 1 { "" } else { " for each" };
        self.row("price", &format!("at most {} per block{each}", per_block(&unit.price)));
    }

    fn totals(&mut self, title: &str, totals: &Totals) {
        self.section(title);
        self.row("CPU", &cpus(totals.cpu_milli));
        self.row("memory", &size(totals.memory_bytes));
        if totals.gpus > 0 {
            self.row("GPU", &grouped(totals.gpus));
        }
        let volumes = totals.storage_bytes.iter().map(|(class, bytes)| {
            let kind = kind_of(class);
            format!("{} {kind}", size(*bytes))
        });
        self.rows("storage", volumes.collect::<Vec<_>>());
    }

    fn ports(&mut self, services: &[ExplainedService]) {
        if services.iter().all(|service| service.ports.is_empty()) {
            return;
        }
        self.section("Ports");
        for service in services {
            self.rows(&service.name, service.ports.iter().map(port));
        }
    }

    fn requirements(&mut self, group: &ExplainedGroup, window_ns: Option<u64>) {
        let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
        let attribute = |(key, value): (&String, &String)| {
            format!("{} = {}", cut(key, TEXT_MAX), cut(value, TEXT_MAX))
        };
        let attributes = group.attributes.iter().map(|one| attribute((&one.key, &one.value)));
        rows.push(("attributes", attributes.collect()));
        let signed = |auditors: &[String]| -> Vec<String> {
            auditors.iter().map(|auditor| cut(auditor, TEXT_MAX)).collect()
        };
        rows.push(("signed by all of", signed(&group.signed_by.all_of)));
        rows.push(("signed by any of", signed(&group.signed_by.any_of)));
        let tee = |tee: &String| match tee.as_str() {
            "cpu-gpu" => "trusted execution on CPU and GPU".to_owned(),
            _ => "trusted execution on CPU".to_owned(),
        };
        rows.push(("enclave", group.tee.iter().map(tee).collect()));
        let notice = |ns: u64| format!("at least {} before it takes the lease back", duration(ns));
        rows.push(("notice", window_ns.map(notice).into_iter().collect()));
        if rows.iter().any(|(_, texts)| !texts.is_empty()) {
            self.section("Asked of the provider");
        }
        for (label, texts) in rows {
            self.rows(label, texts);
        }
    }

    fn cost(&mut self, ceiling: Option<&PricePerBlock>) {
        self.section("Costs at most");
        let Some(ceiling) = ceiling else {
            self.row("per block", "more than a price can say");
            return;
        };
        self.row("per block", &per_block(ceiling));
        if let Some(cost) = UsdCost::half_up(ceiling, self.usd_per_akt) {
            self.row("per hour", &dollars(cost.cents_per_hour));
            self.row("per month", &dollars(cost.cents_per_month));
        }
    }

    fn footer(&mut self, ceiling: Option<&PricePerBlock>) {
        let mut text =
            "Providers bid for each group, and the lowest bid wins: what is paid is the \
                        bid, and never more than this."
                .to_owned();
        if let Some(ceiling) = ceiling {
            text.push(' ');
            text.push_str(&self.worth(ceiling));
        }
        self.line("");
        for line in wrapped(&text, WIDTH) {
            self.line(&line);
        }
    }

    /// What the denom is worth, and how long a month is when dollars are shown.
    fn worth(&self, ceiling: &PricePerBlock) -> String {
        let denom = ceiling.denom.as_str();
        let token = match denom {
            "uact" => "an ACT",
            "uakt" => "an AKT",
            _ => return "What this denom is worth in USD is not known.".to_owned(),
        };
        let Some(usd) = Usd::of_token(&ceiling.denom, self.usd_per_akt) else {
            return format!("1,000,000 {denom} are {token}; its worth in USD moves.");
        };
        let (blocks, hours) = (grouped(usd::BLOCKS_PER_MONTH), usd::MILLI_HOURS_PER_MONTH);
        let (hours, rest) = (hours / 1_000, hours % 1_000);
        format!(
            "A month is {blocks} blocks or {hours}.{rest:03} hours; 1,000,000 {denom} are {token}, \
             worth {usd} USD."
        )
    }
}

/// Lines of at most `width` characters, broken at blanks, and within words that are longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut line, mut length) = (String::new(), 0_usize);
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        if length > 0 && length.saturating_add(1).saturating_add(letters.len()) > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length = length.saturating_add(1);
        }
        for letter in letters {
            if length >= width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            line.push(letter);
            length = length.saturating_add(1);
        }
    }
    lines.push(line);
    lines
}

/// `1 replica`, `2,000 replicas`.
fn counted(count: impl Into<u128>, noun: &str) -> String {
    let count: u128 = count.into();
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(count))
}

/// Thousandths as a decimal number.
fn cpus(milli: impl Into<u128>) -> String {
    let milli: u128 = milli.into();
    let fraction = format!(".{:03}", milli % 1_000);
    format!("{}{}", grouped(milli / 1_000), fraction.trim_end_matches('0').trim_end_matches('.'))
}

/// Bytes in the unit that makes the shortest text with at most two decimals: `512Mi`, `1.5Gi`,
/// `15G`.
fn size(bytes: impl Into<u128>) -> String {
    let bytes: u128 = bytes.into();
    let mut best: Option<String> = None;
    for (unit, factor) in SIZE_UNITS.iter().rev() {
        let factor = u128::from(*factor);
        let hundredths = bytes.saturating_mul(100);
        if bytes < factor || !hundredths.is_multiple_of(factor) {
            continue;
        }
        let hundredths = hundredths.checked_div(factor).unwrap_or(0);
        let fraction = format!(".{:02}", hundredths % 100);
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        let text = format!("{}{fraction}{unit}", grouped(hundredths / 100));
        if best.as_ref().is_none_or(|best| text.len() < best.len()) {
            best = Some(text);
        }
    }
    best.unwrap_or_else(|| counted(bytes, "byte"))
}

/// What becomes of the volumes of a class.
fn kind_of(class: &str) -> String {
    match class {
        "ephemeral" => "ephemeral".to_owned(),
        "ram" => "in memory".to_owned(),
        class => format!("persistent, class {}", cut(class, TEXT_MAX)),
    }
}

fn volume(volume: &ExplainedVolume, name_services: bool) -> String {
    let mut text = format!("{} `{}`", size(volume.size_bytes), cut(&volume.name, TEXT_MAX));
    for mount in &volume.mounts {
        text.push_str(" at ");
        text.push_str(&cut(&mount.path, TEXT_MAX));
        if name_services {
            text.push_str(" of ");
            text.push_str(&cut(&mount.service, TEXT_MAX));
        }
        text.push_str(if mount.read_only { " (read only)," } else { "," });
    }
    if volume.mounts.is_empty() {
        text.push(',');
    }
    let lost = if volume.class == "ephemeral" { ": lost with the replica" } else { "" };
    format!("{text} {}{lost}", kind_of(&volume.class))
}

fn gpus(unit: &ExplainedUnit) -> String {
    let model = |one: &GpuModel| {
        let model = if one.model == ANY_MODEL { "any model" } else { one.model.as_str() };
        let parts = [Some(model), one.memory.as_deref(), one.interface.as_deref()];
        let parts: Vec<String> = parts.into_iter().flatten().map(|part| cut(part, 60)).collect();
        parts.join(" ")
    };
    let models: Vec<String> = unit.gpu_models.iter().map(model).collect();
    let start = if models.len() > 1 { "one of " } else { "" };
    format!("{}: {start}{}", grouped(unit.gpus), models.join(", "))
}

fn port(port: &ExplainedPort) -> String {
    let outside = port.outside_port;
    let reach = match &port.reach {
        Reach::Http { hosts } => {
            let hosts: Vec<String> = hosts.iter().map(|host| cut(host, TEXT_MAX)).collect();
            let own =
                if hosts.is_empty() { String::new() } else { format!(" as {}", hosts.join(", ")) };
            format!("from everywhere, by HTTP on port {outside}{own}")
        }
        Reach::RandomPort => "from everywhere, on a port that the provider picks".to_owned(),
        Reach::LeasedIp { name } => {
            format!("from everywhere, on port {outside} of leased IP `{}`", cut(name, TEXT_MAX))
        }
        Reach::Inside { service: None } => "from the group's other services".to_owned(),
        Reach::Inside { service: Some(name) } => format!("from service {}", cut(name, TEXT_MAX)),
    };
    format!("{}/{}: {reach}", port.port, port.protocol.to_ascii_lowercase())
}

/// `2,259.894629 uact`: exact.
fn per_block(price: &PricePerBlock) -> String {
    let full = price.value.to_string();
    let fraction = full.find('.').and_then(|point| full.get(point..)).unwrap_or_default();
    format!("{}{fraction} {}", grouped(price.value.truncate()), cut(price.denom.as_str(), 128))
}

/// `4,299.09 USD`.
fn dollars(cents: u128) -> String {
    match cents {
        0 => "under 0.01 USD".to_owned(),
        cents => format!("{}.{:02} USD", grouped(cents / 100), cents % 100),
    }
}

/// `36 h`, `1 h 30 min`; what is finer than a second as nanoseconds.
fn duration(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let parts = [
        (seconds / 3_600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
        (ns % 1_000_000_000, "ns"),
    ];
    let shown = parts.iter().filter(|(count, _)| *count > 0);
    let shown: Vec<String> =
        shown.map(|(count, unit)| format!("{} {unit}", grouped(*count))).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_the_unit_that_people_write() {
        let rows: [(u128, &str); 10] = [
            (512 << 20, "512Mi"),
            (3 << 29, "1.5Gi"),
            (768 << 20, "768Mi"),
            (2_304 << 20, "2.25Gi"),
            (1 << 40, "1Ti"),
            (15_000_000_000, "15G"),
            (751_619_276, "751,619,276 bytes"),
            (1_126 << 20, "1,126Mi"),
            (1 << 70, "1,024Ei"),
            (0, "0 bytes"),
        ];
        for (bytes, text) in rows {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn lines_break_at_blanks_and_within_long_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn numbers_read_easily() {
        assert_eq!([0_u64, 500, 1_250, 64_000].map(cpus), ["0", "0.5", "1.25", "64"]);
        assert_eq!(duration(129_600_000_000_000), "36 h");
        assert_eq!(duration(5_400_000_000_001), "1 h 30 min 1 ns");
        assert_eq!(per_block(&"12345.678uact".parse().unwrap()), "12,345.678 uact");
        assert_eq!([0, 7, 429_909].map(dollars), ["under 0.01 USD", "0.07 USD", "4,299.09 USD"]);
        assert_eq!(
            [1_u32, 2_000].map(|count| counted(count, "group")),
            ["1 group", "2,000 groups"]
        );
    }
}
