//! The store from outside: crashes at every operation, failures of every kind, damage at every
//! byte, and a real folder.

mod crash;
mod damage;
mod failure;
mod log;
mod stores;
