//! Checks the seals of all files, from the start of the chain to its end.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::segment::{Frames, HEAD_BYTES, Head, has_more, records};
use super::{CUT, Finished, Shelf, Start, name_of};
use crate::chain::{self, Heads};
use crate::verify::{Verification, written_anew};

/// A file, up to where it is to be checked.
struct Part {
    first_id: i64,
    file: Arc<File>,
    end: u64,
    /// Whether there may be more behind its end.
    grows: bool,
}

/// What has been checked so far.
struct Walk<'a> {
    shelf: &'a Shelf,
    /// The last record, and the seal of its commit or of one after it.
    at: chain::Head,
    /// A head that was kept elsewhere and has not been met.
    sought: Option<chain::Head>,
    done: Verification,
}

impl Shelf {
    /// Checks every seal, and that a head which was kept elsewhere is still in the log.
    pub fn verify(&self, known: &Heads) -> io::Result<Verification> {
        let (start, finished, live) = {
            let state = self.locked();
            let live = Part { first_id: state.live.head.first_id, file: state.live.file.clone(), end: state.live.index.end, grows: true };
            (state.start, state.finished.clone(), live)
        };
        let known = known.0.first().copied();
        let at = chain::Head { writer: 0, id: start.after_id, seal: start.seal };
        let sought = known.filter(|head| head.id >= start.after_id && head.id > 0);
        let mut walk = Walk { shelf: self, at, sought, done: Verification::default() };
        walk.done.fault = walk.begin(&start);
        for file in &finished {
            if walk.done.fault.is_none() {
                walk.done.fault = walk.finished(file)?;
            }
        }
        if walk.done.fault.is_none() {
            walk.done.fault = walk.part(&live)?;
        }
        if walk.done.fault.is_none() {
            walk.done.fault = self.damage().first().map(ToString::to_string);
        }
        if let Some(folder) = &self.folder {
            let cut = |path: std::path::PathBuf| path.extension().is_some_and(|extension| extension == CUT);
            walk.done.torn += std::fs::read_dir(folder)?.flatten().filter(|entry| cut(entry.path())).count() as u64;
        }
        Ok(walk.end())
    }
}

impl Walk<'_> {
    fn begin(&mut self, start: &Start) -> Option<String> {
        self.meet();
        (!start.genuine).then(|| "where the chain starts was changed".to_owned())
    }

    fn finished(&mut self, file: &Finished) -> io::Result<Option<String>> {
        let opened = match file.file() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Retention took it away meanwhile, which moved the start; or somebody did.
                let start = self.shelf.locked().start;
                if start.after_id >= file.last_id {
                    self.at = chain::Head { id: start.after_id, seal: start.seal, ..self.at };
                    return Ok(None);
                }
                self.shelf.damaged(name_of(file.first_id), 0, "the file is gone".to_owned());
                return Ok(Some(format!("the file that begins with record {} is gone", file.first_id)));
            }
            other => other?,
        };
        let end = file.index(&self.shelf.key)?.end;
        let fault = self.part(&Part { first_id: file.first_id, file: opened, end, grows: false })?;
        let cut = self.at.id != file.last_id || self.at.seal != file.seal;
        Ok(fault.or_else(|| cut.then(|| format!("the records after {} are gone: a file was cut", self.at.id))))
    }

    /// Checks one file. Returns its fault; none if it has none.
    fn part(&mut self, part: &Part) -> io::Result<Option<String>> {
        let Some(head) = Head::read(&part.file)? else {
            return Ok(Some(self.fault(
                part,
                0,
                format!("the file that begins with record {} is not an audit file any more", part.first_id),
            )));
        };
        if head.first_id != self.at.id + 1 || head.seal != self.at.seal {
            let what = format!("the file that begins with record {} does not follow record {}", head.first_id, self.at.id);
            return Ok(Some(self.fault(part, 0, what)));
        }
        let mut frames = Frames::new(part.file.clone(), HEAD_BYTES, part.end);
        let mut read_to = HEAD_BYTES;
        while let Some(frame) = frames.next()? {
            let first = self.at.id + 1;
            let last = records(frame.payload).last().map_or(self.at.id, |row| row.id);
            if self.shelf.key.frame(&self.at.seal, frame.payload) != frame.seal {
                let what = format!("the records from {first} on were changed, removed or added to");
                return Ok(Some(self.fault(part, frame.offset, what)));
            }
            if let Some(missed) = self.sought.filter(|head| head.id < last) {
                return Ok(Some(written_anew(missed.id)));
            }
            read_to = frame.end;
            self.done.records += u64::try_from(last + 1 - first).unwrap_or(0);
            (self.at.id, self.at.seal) = (last, frame.seal);
            self.meet();
        }
        if read_to < part.end {
            let what = format!("the records from {} on can't be read", self.at.id + 1);
            return Ok(Some(self.fault(part, read_to, what)));
        }
        if !part.grows && has_more(&part.file, part.end)? {
            self.done.torn += 1;
        }
        Ok(None)
    }

    /// Records the fault of a file, and returns it as a text.
    fn fault(&self, part: &Part, offset: u64, what: String) -> String {
        let file = name_of(part.first_id);
        let said = format!("{what} ({file}, byte {offset})");
        self.shelf.damaged(file, offset, what);
        said
    }

    /// Notes that the head which is looked for is here.
    fn meet(&mut self) {
        self.sought.take_if(|head| head.id == self.at.id && head.seal == self.at.seal);
    }

    fn end(mut self) -> Verification {
        if let (None, Some(head)) = (&self.done.fault, self.sought) {
            self.done.fault = Some(if head.id > self.at.id {
                format!("record {} is gone, which the kept head names: the log was cut, or put back to an earlier state", head.id)
            } else {
                written_anew(head.id)
            });
        }
        if self.done.fault.is_none() && self.at.id > 0 {
            self.done.heads.0.push(self.at);
        }
        self.done
    }
}
