//! A document built from the bytes, written down in two layouts.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: undercut_fuzz::Structured| undercut_fuzz::structured(&input));
