//! A repository's history: every version of every file, and the messages of commits and tags.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Component, Path};

use super::objects::{Suspects, Texts};
use super::{Options, Report, Worker, files, report, sort};
use crate::finding::{Finding, Introduced};
use crate::source::git::{self, Object, ObjectId, Origin, Repository};

/// A secret at a path.
type Place = (String, String);

/// Scans the whole history, or the commits since a revision. Reports each secret once per path, with the first and the
/// last commit that wrote it there. Calls are those of the work tree, which is scanned too; with `since`, those of the files
/// that these commits wrote, as they are in the newest one.
///
/// # Errors
/// An error of git; an unknown revision.
pub fn history(folder: &Path, since: Option<&str>, options: &Options) -> io::Result<Report> {
    let repository = Repository::of(folder)?;
    let mut past = Worker::new(options);
    let suspects = suspects(&repository, since, options, &mut past)?;
    let origins = if suspects.is_empty() { HashMap::new() } else { repository.origins(&suspects, since)? };
    let ids: Vec<ObjectId> = suspects.into_iter().collect();
    for texts in repository.read(&ids, Texts::default)? {
        for (id, object, text) in &texts.texts {
            look(&mut past, id, *object, text, origins.get(id));
        }
    }
    let mut places = places(std::mem::take(&mut past.findings));
    let mut now = if since.is_some() || repository.is_bare() { report([]) } else { files(options)? };
    if let Some(revision) = since
        && options.wanted.usages
    {
        let files = repository.files_since(revision)?;
        let mut newest = Worker::new(options);
        newest.blobs(&repository, files.iter().map(|(id, path)| (id.as_str(), path.as_str())))?;
        now.usages = report([newest]).usages;
    }
    let prefix = Repository::prefix(folder);
    for finding in &mut now.findings {
        let place = (finding.fingerprint.clone(), format!("{prefix}{}", finding.path));
        let none = Introduced { commit: None, author: None, date: None, last_commit: None, last_date: None, in_work_tree: true };
        finding.introduced = Some(match places.remove(&place) {
            Some(then) => {
                keep_surer(finding, &then);
                Introduced { in_work_tree: true, ..then.introduced.unwrap_or(none) }
            }
            None => none,
        });
    }
    // A place may have a secret on several lines; the same commit introduced them.
    let mut known: HashMap<(String, String), Introduced> = HashMap::new();
    for finding in &mut now.findings {
        let place = (finding.fingerprint.clone(), finding.path.clone());
        match (&finding.introduced, known.get(&place)) {
            (Some(introduced), None) => {
                known.insert(place, introduced.clone());
            }
            (Some(introduced), Some(first)) if introduced.commit.is_none() => finding.introduced = Some(first.clone()),
            _ => {}
        }
    }
    let mut still = HashMap::new();
    for (_, mut finding) in places {
        let there: &HashSet<String> =
            still.entry(finding.path.clone()).or_insert_with(|| secrets_of(repository.top(), &finding.path, options));
        if let Some(introduced) = &mut finding.introduced {
            introduced.in_work_tree = there.contains(&finding.fingerprint);
        }
        now.findings.push(finding);
    }
    let past = report([past]);
    now.stats += past.stats;
    now.skipped.extend(past.skipped);
    sort(&mut now);
    Ok(now)
}

/// The objects that hold a secret, whatever their paths are.
fn suspects(repository: &Repository, since: Option<&str>, options: &Options, past: &mut Worker<'_>) -> io::Result<HashSet<ObjectId>> {
    let objects = match since {
        Some(revision) => repository.objects_since(revision)?,
        None => repository.all_objects()?,
    };
    // The walk over commits runs in one process, at the same time as the reading.
    let (looks, named) = std::thread::scope(|scope| {
        let named = scope.spawn(|| repository.named_blobs(since));
        let looks = repository.read(&objects, || Suspects::new(&options.progress, false));
        (looks, named.join())
    });
    let mut named = named.map_err(|_| io::Error::other("a reader of history failed"))??;
    let mut suspects = HashSet::new();
    for look in looks? {
        suspects.extend(look.hits);
        past.skipped.extend(look.skipped);
        past.stats += look.stats;
    }
    named.retain(|id| !suspects.contains(id));
    let named: Vec<ObjectId> = named.into_iter().collect();
    for look in repository.read(&named, || Suspects::new(&options.progress, true))? {
        suspects.extend(look.hits);
    }
    Ok(suspects)
}

/// Examines an object under each of its paths.
fn look(past: &mut Worker<'_>, id: &str, object: Object, text: &[u8], origins: Option<&Vec<Origin>>) {
    let short = &id[..12.min(id.len())];
    match (object, origins) {
        (Object::Blob, Some(origins)) => {
            for origin in origins {
                let introduced =
                    Introduced { last_commit: origin.last.commit.clone(), last_date: origin.last.date.clone(), ..origin.first.clone() };
                at(past, &origin.path, text, introduced);
            }
        }
        (Object::Blob, None) => {
            let none = Introduced { commit: None, author: None, date: None, last_commit: None, last_date: None, in_work_tree: false };
            at(past, &format!("git object {short}"), text, none);
        }
        (Object::Commit | Object::Tag, _) => {
            let what = if object == Object::Tag { "tag" } else { "commit" };
            let (message, introduced) = git::message(id, object, text);
            at(past, &format!("message of {what} {short}"), &message, introduced);
        }
    }
}

fn at(past: &mut Worker<'_>, path: &str, text: &[u8], introduced: Introduced) {
    let known = past.findings.len();
    past.whole(path, text);
    past.findings[known..].iter_mut().for_each(|finding| finding.introduced = Some(introduced.clone()));
}

/// One finding for each secret at each path: the place in the oldest version, with the highest confidence.
fn places(findings: Vec<Finding>) -> BTreeMap<Place, Finding> {
    let mut places: BTreeMap<Place, Finding> = BTreeMap::new();
    for mut finding in findings {
        let place = (finding.fingerprint.clone(), finding.path.clone());
        if let Some(mut other) = places.remove(&place) {
            if came_in(&other) < came_in(&finding) {
                std::mem::swap(&mut other, &mut finding);
            }
            keep_surer(&mut finding, &other);
            if let (Some(introduced), Some(later)) = (&mut finding.introduced, other.introduced)
                && introduced.last_date < later.last_date
            {
                (introduced.last_commit, introduced.last_date) = (later.last_commit, later.last_date);
            }
        }
        places.insert(place, finding);
    }
    places
}

/// Copies kind, rule, confidence and reason from another finding of the same secret, where that one is surer.
fn keep_surer(finding: &mut Finding, other: &Finding) {
    if other.confidence > finding.confidence {
        finding.confidence = other.confidence;
        finding.kind = other.kind;
        finding.rule.clone_from(&other.rule);
        finding.reason.clone_from(&other.reason);
    }
}

/// A sort key for when a secret was introduced: secrets that no commit reaches come last.
fn came_in(finding: &Finding) -> (bool, Option<&str>) {
    let date = finding.introduced.as_ref().and_then(|introduced| introduced.date.as_deref());
    (date.is_none(), date)
}

/// The secrets in a file of the work tree.
fn secrets_of(top: &Path, path: &str, options: &Options) -> HashSet<String> {
    let relative = Path::new(path);
    let file = top.join(relative);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return HashSet::new();
    }
    // The scan uses the path of the report, since the path is evidence.
    let mut look = Worker::new(options);
    let _ = crate::source::tree::one(path, &file, &mut look);
    look.findings.into_iter().map(|finding| finding.fingerprint).collect()
}
