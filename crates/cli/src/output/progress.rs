//! A progress line on stderr, for a person at a terminal. It appears when a command takes more than a second.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a command may take before something is shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// Interval of the updates.
const EVERY: Duration = Duration::from_millis(200);

/// A bar that is hidden where nobody watches.
#[derive(Clone)]
pub struct Bar(ProgressBar);

impl Bar {
    /// Of a work whose end is known.
    pub fn of(all: u64) -> Self {
        Self::new(Some(all), "{msg} {wide_bar} {percent} % {eta} left")
    }

    /// Of a number of bytes that is known.
    pub fn of_bytes(all: u64) -> Self {
        Self::new(Some(all), "{msg} {wide_bar} {bytes} of {total_bytes}")
    }

    /// Of a work whose end is not known.
    pub fn open() -> Self {
        Self::new(None, "{spinner} {msg}")
    }

    fn new(all: Option<u64>, template: &str) -> Self {
        // indicatif draws nothing where stderr is not a terminal.
        let target = if super::is_quiet() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(all, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// Whether somebody sees it.
    pub fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// What is done now, and how much of it.
    pub fn set(&self, what: &str, done: u64) {
        self.0.set_message(what.to_owned());
        self.0.set_position(done);
    }

    /// How much there is of it.
    pub fn set_all(&self, all: u64) {
        self.0.set_length(all);
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// Shows a bar while a work runs on this thread. `look` is asked how far it is, on another one.
pub fn while_working<T>(bar: &Bar, look: impl Fn(&Bar) + Send, work: impl FnOnce() -> T) -> T {
    if !bar.is_shown() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, wait) = channel::<()>();
        let bar = bar.clone();
        scope.spawn(move || watch(&wait, &bar, &look));
        let result = work();
        drop(done);
        result
    })
}

fn watch(wait: &std::sync::mpsc::Receiver<()>, bar: &Bar, look: &impl Fn(&Bar)) {
    let mut time = PATIENCE;
    // The channel closes when the work is done.
    while wait.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
        look(bar);
        time = EVERY;
    }
    bar.end();
}

/// Shows a bar from its beginning to its end, or until it is dropped.
pub struct Watch(Option<(Sender<()>, JoinHandle<()>)>);

impl Watch {
    /// Shows how far a folder has grown towards its final size of `all` bytes.
    pub fn of_folder(what: &'static str, folder: &Path, all: u64) -> Self {
        let folder: PathBuf = folder.to_owned();
        Self::of(Bar::of_bytes(all), move |bar| bar.set(what, bytes_of(&folder).min(all)))
    }

    /// Shows that a work goes on whose end is not known.
    pub fn of_work(what: &'static str) -> Self {
        Self::of(Bar::open(), move |bar| {
            bar.set(what, 0);
            bar.0.tick();
        })
    }

    fn of(bar: Bar, look: impl Fn(&Bar) + Send + 'static) -> Self {
        if !bar.is_shown() {
            return Self(None);
        }
        let (done, wait) = channel::<()>();
        let thread = std::thread::spawn(move || watch(&wait, &bar, &look));
        Self(Some((done, thread)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            // The line is gone before the next one is written.
            let _ = thread.join();
        }
    }
}

/// The bytes of the files in a folder; 0 where it can't be read.
pub fn bytes_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => bytes_of(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_folder_are_those_of_all_its_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("audit")).unwrap();
        std::fs::write(folder.path().join("a"), [0; 10]).unwrap();
        std::fs::write(folder.path().join("audit/b"), [0; 5]).unwrap();
        assert_eq!(bytes_of(folder.path()), 15);
        assert_eq!(bytes_of(&folder.path().join("none")), 0);
    }

    #[test]
    fn work_whose_bar_nobody_sees_is_done_all_the_same() {
        assert_eq!(while_working(&Bar::open(), |_| unreachable!("nobody watches a test"), || 7), 7);
    }
}
