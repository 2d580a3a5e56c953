//! The index of one file: which blocks have a record of an app, a status and so on, and sums by the hour. It
//! answers queries without reading the file.
//!
//! The index is in memory while the file grows. When the file is full, the index is written beside it. It is
//! derived data: if it is missing, or its keyed hash is wrong, Keyway builds it again from the file.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use foldhash::HashMap as FastMap;
use keyway_core::refusal::Word;
use keyway_core::touched::RecordRef;
use serde::{Deserialize, Serialize};

use super::postings::{Bits, Postings, set};
use super::sources::Sources;
use crate::chain::{ChainKey, Seal};
use crate::filter::{AuditFilter, StatusFilter, is_change, names_of, time_of};
use crate::row::Row;
use keyway_ground::database::signed;

/// Records after which a new block begins. One is read to find one record, so it is a matter of a millisecond.
const BLOCK_RECORDS: u32 = 1_024;
/// Bytes after which a new block begins.
const BLOCK_BYTES: u64 = 256 << 10;
/// Names of one file; further object types, which callers make up, are counted as one.
const NAMES_MAX: usize = 20_000;
/// Bytes of the indexes of finished files that are kept, about, less their sums; those of the newest files.
pub(super) const KEPT_BYTES: usize = 24 << 20;
/// The name of those.
const OTHER_NAMES: &str = "(other)";
const HOUR_MS: i64 = 3_600_000;

/// A stretch of whole commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Block {
    offset: u64,
    records: u32,
    first_id: i64,
    at_min: i64,
    at_max: i64,
}

/// A stretch of whole commits that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub bytes: Range<u64>,
    /// The seal before its first commit, where it is known, and the number before its first record.
    pub before: Option<Seal>,
    pub after_id: i64,
}

/// What blocks are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Value {
    App(i64),
    Account(i64),
    Token(i64),
    /// 0 where the outcome is not known.
    Status(i64),
    /// The place of its name.
    Operation(u32),
    /// Both in one record: an app and a status that are each in every block would have all of them read.
    AppStatus(i64, i64),
    AppOperation(i64, u32),
}

/// Calls that are alike, in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Kind {
    hub_id: Option<i64>,
    app_id: Option<i64>,
    operation: u32,
    object: Option<u32>,
    status: Option<i64>,
    category: Option<u32>,
    hour: i64,
}

/// How many, and when the last of them came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    calls: u64,
    last_at: i64,
    /// The block of the last of them, while the file grows: it has the bits of this kind already.
    #[serde(skip)]
    block: Option<usize>,
}

/// A group of calls that have the same app, operation, status and so on. `sums` passes each group to its
/// caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alike<'a> {
    pub hub_id: Option<i64>,
    pub app_id: Option<i64>,
    pub operation: &'a str,
    pub object: Option<&'a str>,
    pub status: Option<i64>,
    pub category: Option<&'a str>,
    /// A moment in the hour in which they came in, in milliseconds.
    pub at: i64,
    pub calls: u64,
    pub last_at: i64,
}

/// An hour in which an app had calls of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    app_id: Option<i64>,
    category: u32,
    hour: i64,
}

impl Cause {
    fn of(kind: &Kind) -> Option<Self> {
        Some(Self { app_id: kind.app_id, category: kind.category?, hour: kind.hour })
    }
}

/// The index of a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Index {
    blocks: Vec<Block>,
    values: FastMap<Value, Bits>,
    sums: FastMap<Kind, Sum>,
    names: Vec<String>,
    /// The position of each name in `names`; not stored, so rebuilt when the file is added to.
    #[serde(skip)]
    places: HashMap<String, u32, foldhash::fast::RandomState>,
    /// Which blocks name which CRM records; in a file of its own once the file is full.
    #[serde(skip)]
    pub postings: Postings,
    /// The number of postings. It is encoded after the other fields, so that an index from before there were
    /// postings can still be read.
    #[serde(skip)]
    pub posted: u64,
    /// The seal before each block. It is encoded after the other fields too; an index of earlier builds does
    /// not have it.
    #[serde(skip)]
    befores: Vec<Seal>,
    /// Where calls came from. It is encoded after the other fields too; an index of earlier builds does not have it.
    #[serde(skip)]
    pub sources: Option<Sources>,
    /// What finds categories where the sums were dropped.
    #[serde(skip)]
    causes: Option<Vec<Cause>>,
    /// The number of records.
    pub records: u64,
    /// The number of the last one; the one before the first where there are none.
    pub last_id: i64,
    /// The earliest and the latest arrival, in milliseconds.
    pub at_min: i64,
    pub at_max: i64,
    /// Where the last commit ends.
    pub end: u64,
    /// The seal of the last commit.
    pub seal: Seal,
}

impl Index {
    /// Of a file without records.
    pub fn new(first_id: i64, seal: Seal, start: u64) -> Self {
        Self {
            last_id: first_id - 1,
            at_min: i64::MAX,
            at_max: i64::MIN,
            end: start,
            seal,
            sources: Some(Sources::default()),
            ..Self::default()
        }
    }

    /// Adds a commit.
    pub fn add<'r>(&mut self, offset: u64, end: u64, seal: Seal, records: impl Iterator<Item = &'r Row<'r>>, key: &ChainKey) {
        let before = std::mem::replace(&mut self.seal, seal);
        self.end = end;
        let full = |block: &Block| block.records >= BLOCK_RECORDS || offset - block.offset >= BLOCK_BYTES;
        if self.blocks.last().is_none_or(full) {
            let first_id = self.last_id + 1;
            self.befores.push(before);
            self.blocks.push(Block { offset, records: 0, first_id, at_min: i64::MAX, at_max: i64::MIN });
        }
        for row in records {
            self.add_record(row, key);
        }
    }

    /// Records between were damaged: the next one has this number.
    pub fn go_on_from(&mut self, id: i64) {
        self.last_id = self.last_id.max(id - 1);
    }

    fn add_record(&mut self, row: &Row<'_>, key: &ChainKey) {
        let place = self.blocks.len() - 1;
        if !row.named.records.is_empty() {
            self.postings.add(row.named.records, place, key);
            self.posted = self.postings.len() as u64;
        }
        if let Some(block) = self.blocks.last_mut() {
            block.records += 1;
            (block.at_min, block.at_max) = (block.at_min.min(row.at), block.at_max.max(row.at));
        }
        (self.at_min, self.at_max) = (self.at_min.min(row.at), self.at_max.max(row.at));
        self.records += 1;
        // Not what the record says: one that was changed must not move the numbers of those after it.
        self.last_id += 1;
        if let (Some(sources), Some(token_id)) = (&mut self.sources, row.token_id) {
            sources.add(token_id, row.source, row.at);
        }
        let operation = self.name(row.operation);
        let kind = Kind {
            hub_id: row.hub_id,
            app_id: row.app_id,
            operation,
            object: row.object.map(|object| self.name(object)),
            status: row.status,
            category: row.category.map(|category| self.name(category)),
            hour: row.at.div_euclid(HOUR_MS),
        };
        let sum = self.sums.entry(kind).or_insert(Sum { calls: 0, last_at: row.at, block: None });
        sum.calls += 1;
        sum.last_at = sum.last_at.max(row.at);
        if sum.block.replace(place) != Some(place) {
            let status = row.status.unwrap_or(0);
            let numbers = [row.app_id.map(Value::App), row.hub_id.map(Value::Account)];
            let others = [Some(Value::Status(status)), Some(Value::Operation(operation))];
            let both = [row.app_id.map(|app| Value::AppStatus(app, status)), row.app_id.map(|app| Value::AppOperation(app, operation))];
            numbers.into_iter().chain(others).chain(both).flatten().for_each(|value| set(self.values.entry(value).or_default(), place));
        }
        // An app has several tokens, and the sums do not tell them apart.
        if let Some(token) = row.token_id {
            set(self.values.entry(Value::Token(token)).or_default(), place);
        }
    }

    fn name(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let text = if self.names.len() < NAMES_MAX { text } else { OTHER_NAMES };
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    /// The stretches of the file that may have records which the filter lets through, in order. `naming`
    /// are the blocks that may name the CRM record which is looked for.
    pub fn stretches(&self, filter: &Sought<'_>, naming: Option<Bits>) -> Vec<Stretch> {
        let mut held: Vec<Bits> = filter.values.iter().map(|any| self.any_of(any)).collect();
        held.extend(naming);
        if filter.filter.operation.is_some() || filter.filter.changes {
            let places = (0..).zip(&self.names).filter(|(_, name)| filter.may_be_of(name)).map(|(place, _)| place);
            let of_app = filter.filter.app_id.map(signed);
            let values = places.map(|place| of_app.map_or(Value::Operation(place), |app| Value::AppOperation(app, place)));
            held.push(self.any_of(&values.collect::<Vec<_>>()));
        }
        let hours = self.hours_of(filter);
        let has = |place: usize| held.iter().all(|bits| bits.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0));
        let fits = |block: &Block| {
            block.records > 0
                && filter.before_id.is_none_or(|before| block.first_id < before)
                && block.at_max >= filter.from
                && block.at_min < filter.to
                && hours.as_ref().is_none_or(|hours| hours.range(hour_of(block.at_min)..=hour_of(block.at_max)).next().is_some())
        };
        let ends = self.blocks.iter().skip(1).map(|block| block.offset).chain([self.end]);
        let stretches = self.blocks.iter().zip(ends).enumerate().filter(|(place, (block, _))| has(*place) && fits(block));
        let stretch = |(place, (block, end)): (usize, (&Block, u64))| Stretch {
            bytes: block.offset..end,
            before: self.befores.get(place).copied(),
            after_id: block.first_id - 1,
        };
        stretches.map(stretch).collect()
    }

    /// The hours in which calls came in whose category is sought; none where any will do.
    fn hours_of(&self, filter: &Sought<'_>) -> Option<BTreeSet<i64>> {
        filter.filter.category.as_ref()?;
        let places: Vec<u32> = (0..).zip(&self.names).filter(|(_, name)| filter.may_have_word(name)).map(|(place, _)| place).collect();
        let app_id = filter.filter.app_id.map(signed);
        let fits = |cause: &Cause| places.contains(&cause.category) && (app_id.is_none() || cause.app_id == app_id);
        Some(match &self.causes {
            Some(causes) => causes.iter().copied().filter(fits).map(|cause| cause.hour).collect(),
            None => self.sums.keys().filter_map(Cause::of).filter(fits).map(|cause| cause.hour).collect(),
        })
    }

    /// The part of it that finds records: all but the sums, which are the largest.
    pub fn finder(mut self) -> Self {
        let causes: BTreeSet<Cause> = std::mem::take(&mut self.sums).keys().filter_map(Cause::of).collect();
        self.causes = Some(causes.into_iter().collect());
        self
    }

    /// Bytes of memory that it takes, about, without sums.
    pub fn bytes(&self) -> usize {
        let values: usize = self.values.values().map(|bits| size_of::<(Value, Bits)>() * 8 / 7 + bits.capacity() * 8 + 16).sum();
        let names: usize = self.names.iter().map(|name| name.len() + size_of::<String>()).sum();
        let causes = self.causes.as_ref().map_or(0, Vec::len) * size_of::<Cause>();
        let sources = self.sources.as_ref().map_or(0, Sources::bytes);
        values + names + causes + sources + self.blocks.len() * size_of::<Block>() + self.befores.len() * size_of::<Seal>()
    }

    fn any_of(&self, values: &[Value]) -> Bits {
        let mut all = Bits::new();
        for bits in values.iter().filter_map(|value| self.values.get(value)) {
            if all.len() < bits.len() {
                all.resize(bits.len(), 0);
            }
            all.iter_mut().zip(bits).for_each(|(all, bits)| *all |= bits);
        }
        all
    }

    /// The sums of the hours from one on, which is counted since 1970.
    pub fn sums_from(&self, hour: i64) -> impl Iterator<Item = Alike<'_>> {
        self.sums.iter().filter(move |(kind, _)| kind.hour >= hour).map(|(kind, sum)| {
            let name = |place: u32| self.names.get(place as usize).map_or("", String::as_str);
            Alike {
                hub_id: kind.hub_id,
                app_id: kind.app_id,
                operation: name(kind.operation),
                object: kind.object.map(name),
                status: kind.status,
                category: kind.category.map(name),
                at: kind.hour * HOUR_MS,
                calls: sum.calls,
                last_at: sum.last_at,
            }
        })
    }

    /// Writes the index beside its file, with its keyed hash.
    pub fn save(&self, path: &Path, key: &ChainKey) -> io::Result<()> {
        let bytes = postcard::to_extend(self, Vec::new()).map_err(io::Error::other)?;
        let bytes = postcard::to_extend(&(self.posted, &self.befores, &self.sources), bytes).map_err(io::Error::other)?;
        // Two readers that miss the index at once both write it, and its draft has one name.
        static WRITING: Mutex<()> = Mutex::new(());
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let draft = path.with_extension("new");
        let mut file = File::create(&draft)?;
        file.write_all(key.vouch_for_index(&bytes).as_bytes())?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(draft, path)
    }

    /// Reads the index; none if it is missing, or its keyed hash is wrong.
    pub fn load(path: &Path, key: &ChainKey) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let Some((vouched, bytes)) = bytes.split_at_checked(32) else { return Ok(None) };
        // blake3::Hash compares in constant time.
        let genuine = key.vouch_for_index(bytes) == *vouched;
        Ok(if genuine { Self::read(bytes) } else { None })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (index, rest) = postcard::take_from_bytes::<Self>(bytes).ok()?;
        let (posted, rest) = if rest.is_empty() { (0, rest) } else { postcard::take_from_bytes(rest).ok()? };
        let (befores, rest) = if rest.is_empty() { (Vec::new(), rest) } else { postcard::take_from_bytes(rest).ok()? };
        let sources = if rest.is_empty() { None } else { postcard::from_bytes(rest).ok()? };
        Some(Self { posted, befores, sources, ..index })
    }
}

/// The hour of a moment, counted since 1970.
pub(super) fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_MS)
}

/// When an hour begins, in milliseconds.
pub(super) fn begin_of(hour: i64) -> i64 {
    hour.saturating_mul(HOUR_MS)
}

/// What is looked for.
pub(super) struct Sought<'a> {
    /// Of each list, one is in the record.
    values: Vec<Vec<Value>>,
    /// Names of the operation; empty where any will do.
    operations: Vec<String>,
    /// Names of the refusals that the filter means, and its category; empty where any will do.
    words: Vec<&'a str>,
    filter: &'a AuditFilter,
    pub from: i64,
    /// The first moment that is too late.
    pub to: i64,
    pub before_id: Option<i64>,
    /// The forms of the CRM record, of which one is listed; empty where any record will do.
    pub record: Vec<String>,
}

impl<'a> Sought<'a> {
    pub fn new(filter: &'a AuditFilter) -> Self {
        let mut values = Vec::new();
        values.extend(filter.app_id.map(|id| vec![Value::App(signed(id))]));
        values.extend(filter.hub_id.map(|id| vec![Value::Account(signed(id))]));
        values.extend(filter.token_id.map(|id| vec![Value::Token(signed(id))]));
        // A session has the number of its token.
        values.extend(filter.session.map(|id| vec![Value::Token(signed(id))]));
        let of_status = |status: u16| {
            let status = i64::from(status);
            filter.app_id.map_or(Value::Status(status), |app| Value::AppStatus(signed(app), status))
        };
        values.extend(filter.status.map(|status| match status {
            StatusFilter::Exact(status) => vec![of_status(status)],
            StatusFilter::Class(class) => (0..100).map(|status| of_status(class * 100 + status)).collect(),
            StatusFilter::Unknown => vec![of_status(0)],
        }));
        let operations = filter.operation.as_deref().map(names_of).unwrap_or_default();
        let words = filter.category.as_deref().map(|category| Word(category).alike()).unwrap_or_default();
        let (mut from, mut to) = (filter.from.map_or(i64::MIN, |at| at.as_ms()), filter.to.map_or(i64::MAX, |at| at.as_ms()));
        if let Some(at) = filter.correlation_id.as_deref().and_then(time_of) {
            (from, to) = (from.max(at - 5_000), to.min(at + 5_001));
        }
        let record = filter.record.as_ref().map(RecordRef::forms).unwrap_or_default();
        Self { values, operations, words, filter, from, to, before_id: filter.before_id, record }
    }

    /// Whether records may be of an operation, by its name in the index.
    fn may_be_of(&self, name: &str) -> bool {
        let filter = self.filter;
        (filter.operation.is_none() || self.operations.iter().any(|one| one == name))
            && (!filter.changes || name == OTHER_NAMES || is_change(name))
    }

    /// Whether records may have a category, by its name in the index.
    fn may_have_word(&self, name: &str) -> bool {
        name == OTHER_NAMES || self.words.contains(&name)
    }

    /// Whether a record is one.
    pub fn fits(&self, row: &Row<'_>) -> bool {
        let filter = self.filter;
        row.at >= self.from
            && row.at < self.to
            && self.before_id.is_none_or(|before| row.id < before)
            && filter.app_id.is_none_or(|id| row.app_id == Some(signed(id)))
            && filter.hub_id.is_none_or(|id| row.hub_id == Some(signed(id)))
            && filter.token_id.is_none_or(|id| row.token_id == Some(signed(id)))
            && filter.source.as_deref().is_none_or(|source| row.source == source)
            && filter.session.is_none_or(|id| row.agent.session == Some(signed(id)))
            && filter.person.as_deref().is_none_or(|person| row.agent.session.is_some() && row.agent.person == person)
            && filter.tool.as_deref().is_none_or(|tool| row.agent.tool == tool)
            && (self.record.is_empty() || row.named.has_record(&self.record))
            && filter.property.as_deref().is_none_or(|name| row.named.has_property(name))
            && (filter.operation.is_none() || self.operations.iter().any(|name| name == row.operation))
            && filter.object.as_deref().is_none_or(|object| row.object == Some(object))
            && (filter.category.is_none() || row.category.is_some_and(|word| self.words.contains(&word)))
            && filter.correlation_id.as_deref().is_none_or(|id| row.correlation_id == id)
            && match filter.status {
                None => true,
                Some(StatusFilter::Exact(status)) => row.status == Some(i64::from(status)),
                Some(StatusFilter::Class(class)) => row.status.is_some_and(|status| status / 100 == i64::from(class)),
                Some(StatusFilter::Unknown) => row.status.is_none(),
            }
            && (!filter.changes || is_change(row.operation))
    }
}
