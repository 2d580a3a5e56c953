//! What a scan does with git's objects: it looks for suspects, and reads their texts.

use std::io;

use super::{Progress, Stats};
use crate::detect::{self, Text, Wanted};
use crate::prefilter::{self, Hits};
use crate::source::Skip;
use crate::source::git::{self, Blobs, Object, ObjectId};
use crate::source::windows;

/// The objects that may have candidates. Their paths are not known yet, so a text that names HubSpot is examined as if its
/// path did, too. The paths decide later.
pub(super) struct Suspects<'a> {
    progress: &'a Progress,
    /// Whether paths of these objects name HubSpot.
    named: bool,
    buffer: Vec<u8>,
    prefilter: Hits,
    pub(super) hits: Vec<ObjectId>,
    pub(super) skipped: Vec<Skip>,
    pub(super) stats: Stats,
}

impl<'a> Suspects<'a> {
    pub(super) fn new(progress: &'a Progress, named: bool) -> Self {
        Self {
            progress,
            named,
            buffer: Vec::new(),
            prefilter: Hits::default(),
            hits: Vec::new(),
            skipped: Vec::new(),
            stats: Stats::default(),
        }
    }

    fn is_suspect(&mut self, bytes: &[u8]) -> bool {
        const ANY: &str = "hubspot_api_key";
        prefilter::search(bytes, &mut self.prefilter);
        let worth_it = self.named || !self.prefilter.is_empty();
        let wanted = Wanted { usages: false };
        worth_it && !detect::examine(Text { path: ANY, bytes }, wanted, &mut self.prefilter).candidates.is_empty()
    }
}

impl Blobs for Suspects<'_> {
    fn blob(&mut self, id: &str, object: Object, size: u64, content: &mut dyn io::Read) -> io::Result<()> {
        let (mut text, mut first, mut hit) = (true, true, false);
        let mut buffer = std::mem::take(&mut self.buffer);
        windows::read_sized(content, size, &mut buffer, |window| {
            if std::mem::take(&mut first) {
                text = git::is_text(window.bytes);
            }
            hit |= text && self.is_suspect(window.bytes);
            text
        })?;
        self.buffer = buffer;
        if object == Object::Blob && !self.named {
            self.stats.files += 1;
            self.stats.bytes += size;
            self.progress.add(size);
            self.stats.binary += u64::from(!text);
        }
        if hit {
            self.hits.push(id.to_owned());
        }
        Ok(())
    }

    fn skip(&mut self, skip: Skip) {
        self.skipped.push(skip);
    }
}

/// Blobs kept in memory: few, and none larger than a window.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) texts: Vec<(ObjectId, Object, Vec<u8>)>,
    pub(super) skipped: Vec<Skip>,
}

impl Blobs for Texts {
    fn blob(&mut self, id: &str, object: Object, size: u64, content: &mut dyn io::Read) -> io::Result<()> {
        let mut text = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(content, TEXT_MAX), &mut text)?;
        if size > TEXT_MAX {
            self.skipped
                .push(Skip { path: format!("git object {id}"), reason: format!("only its first {} MiB were looked at", TEXT_MAX >> 20) });
        }
        if git::is_text(&text) {
            self.texts.push((id.to_owned(), object, text));
        }
        Ok(())
    }

    fn skip(&mut self, skip: Skip) {
        self.skipped.push(skip);
    }
}

/// The largest blob that is kept in memory, in bytes; of a larger one, this much.
const TEXT_MAX: u64 = 8 << 20;
