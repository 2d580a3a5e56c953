//! Memory of this process that the system would write to a file.

/// Keeps the kernel from writing a core file when the process crashes, and other processes of the same user
/// from reading its memory: it holds the credentials of connections (promise 3). False where the system does
/// not allow it.
pub fn forbid_dumps() -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
    }
    // Elsewhere the limit of core files does it.
    #[cfg(not(target_os = "linux"))]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).is_ok()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn a_crash_leaves_no_core_file() {
        assert!(super::forbid_dumps());
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
