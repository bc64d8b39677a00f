//! Small pools of names and values, so that references often hit: mostly legal, sometimes odd.

use arbitrary::Arbitrary;

use crate::tree::Tree;

/// A draw from a pool. Zero is always the first legal value.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(crate) struct Pick(u8);

/// Draws from here on take an odd value.
const ODD_FROM: u8 = 250;

impl Pick {
    /// A value of `pool`.
    pub(crate) fn of<T: Copy>(self, pool: &Pool<T>) -> T {
        let (from, number) = match self.0 >= ODD_FROM && !pool.odd.is_empty() {
            true => (pool.odd, usize::from(self.0 - ODD_FROM)),
            false => (pool.legal, usize::from(self.0)),
        };
        from[number % from.len()]
    }

    /// A text of `pool`.
    pub(crate) fn text(self, pool: &Pool<&'static str>) -> Tree {
        Tree::text(self.of(pool))
    }

    /// A number or flag of `pool`, which quotes would make a text of.
    pub(crate) fn plain(self, pool: &Pool<&'static str>) -> Tree {
        Tree::Plain(self.of(pool))
    }

    /// One of `count` things.
    pub(crate) fn index(self, count: usize) -> usize {
        usize::from(self.0) % count
    }

    /// Whether the draw is odd.
    pub(crate) fn is_odd(self) -> bool {
        self.0 >= ODD_FROM
    }
}

/// What is drawn from.
pub(crate) struct Pool<T: 'static> {
    legal: &'static [T],
    /// At most six are drawn.
    odd: &'static [T],
}

macro_rules! pools {
    ($($name:ident $legal:expr, $odd:expr;)*) => {
        $(pub(crate) const $name: Pool<&'static str> = Pool { legal: &$legal, odd: &$odd };)*
    };
}

pools! {
    VERSION ["2.0", "2.1"], ["2", "v2.0", "3.0", "1.0", "2.0.1", ""];
    SERVICE ["web", "api", "db-1", "cache"], ["Web", "1a", "a-", "a.b", "a b", "~"];
    PROFILE ["small", "gpu", "Big one", "x"], ["", "-", "\u{e4}", "<<", "null", "a: b"];
    PLACEMENT ["akash", "eu", "US west"], ["", "#", "<b>&", "\u{2028}", "*", "0"];
    IMAGE ["nginx:1.27", "a", "ghcr.io/x/y@sha256:0", "1.10", "yes"], ["", " ", "<a&b>", "#", "\""];
    WORD ["a", "1.50", "no", "", "a b", "- x", "tail ", "a\nb\n", "a\n\nb", "\u{1f600}: x", "it's"],
        ["\t", "\u{2028}", "\u{85}", "\u{7}\u{1f}", "\\n\"", " # "];
    VARIABLE ["A=1", "B", "_x=a=b", ".p=<>&", "A=\"'", "C=x\ny\n"], ["1=a", "=", "..A=1", "A B", ""];
    AMOUNT ["100", "0.5", "10000000", "1.000000000000000001", "007", "+5"],
        ["0", "-1", "10000001", "1e3", "--5", ".5"];
    DENOM ["uact", "uakt", "ibc/A:b"], ["ua", "1act", "", "u act"];
    CPU ["0.5", "1", "100m", "10m", "384", "1.001", "2.5"], ["9m", "385", "x", "-1", "1M", "5e8"];
    MEMORY ["512Mi", "1Gi", "1Mi", "2Ti", "0.1Gi", "15G"], ["1024Ki1", "1GB", "1023Ki", "3Ti", ""];
    SIZE ["1Gi", "5Mi", "32Ti", "1Gi", "2Gi", "100.7Mi"], ["4Mi", "33Ti", "1gb", "", "-1Gi", "nan"];
    VOLUME ["data", "cache", "shm", "default"], ["", "a b"];
    CLASS ["beta3", "default", "ram", "beta2", "beta1"], ["", "beta4", "Ram"];
    PERSISTENT ["true", "false", "on", "off", "yes", "no"], ["True", "1", ""];
    PATH ["/data", "/", "/dev/shm", "/a b"], ["data", "", "~"];
    ARCH ["amd64", "arm64"], [""];
    GPUS ["1", "8", "24", "0", "01"], ["25", "1.0", "-1", "x"];
    MODEL ["h100", "a100", "rtx4090", "*"], ["", "h 100", "a*b", "\u{e4}"];
    RAM ["80Gi", "40960Mi", "79.9Gi"], ["80G", "80", "x"];
    INTERFACE ["sxm", "pcie"], ["SXM", ""];
    PORT ["80", "443", "8080", "1", "65535", "0x50", "0120", "80.7"],
        ["0", "65536", "-1", "http", "99999999999"];
    OUTSIDE ["80", "0", "53", "81"], ["70000", "-0", "x"];
    PROTOCOL ["tcp", "udp", "TCP", "Udp", ""], ["http", "TCP ", "~"];
    HOST ["a.example", "b.example", "1.2.3.4", "localhost", "x-y.z"],
        ["A.example", "*.a", "a_b", "a..b", "a.", "%zz"];
    NUMBER ["0", "1", "60000", "0x10", "1e3", "1048576"], ["60001", "104857601", "-1", "x"];
    CASE ["error", "timeout", "500", "429", "off"], ["499", ""];
    ADDRESS ["ip1", "pub", "my_ip"], ["i", "IP", ""];
    KIND ["ip"], ["ipv6", "", "IP"];
    FLAG ["true", "false", "yes", "Off"], ["yES", "1"];
    KEY ["region", "tier", "a/b", "zone", "tee/type", "1"], ["", "-", "\u{fc}", "~"];
    TEE ["cpu", "cpu-gpu"], ["", "gpu"];
    READ ["logs", "events", "deployment"], ["", "x"];
    WINDOW ["1h30m", "24h", "500ms", "1.5h", "1ns"], ["0s", "1d", "-1h", "", "2562048h", "."];
}

/// Counts: how they are written, and how many they are.
pub(crate) const COUNT: Pool<(&'static str, u64)> = Pool {
    legal: &[("1", 1), ("2", 2), ("3", 3), ("0x10", 16), ("2.9", 2), ("0", 0), ("010", 8)],
    odd: &[("-1", 0), ("4294967296", 0), ("100000", 100_000), ("x", 0), ("4294967295", 0)],
};
