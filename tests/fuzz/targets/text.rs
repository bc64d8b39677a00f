//! Any bytes as the file of a manifest.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| undercut_fuzz::text(bytes));
