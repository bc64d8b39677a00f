//! What holds for every text that the SDL reader is given: functions that panic where it does not.
//!
//! The fuzz targets and the tests of the crate `sdl` share this module. Everything here looks at
//! the public interface alone, and computes what it expects in its own plain way.

mod diagnostics;
mod groups;
mod json;
mod manifest;
pub(crate) mod text;
