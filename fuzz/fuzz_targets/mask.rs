#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (keyway_fuzz::target("mask").run)(bytes));
