//! Duplicate code: a folder whose files are all in another folder as well, with the same manifest.

use std::collections::{BTreeMap, BTreeSet};

use super::Grouping;
use super::group::Place;

/// A hash of a file, to find its copies.
pub fn hash_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Words in the names of folders that are copies.
const OF_COPIES: [&str; 8] = ["copy", "backup", "bak", "old", "archive", "archived", "legacy", "orig"];

/// For each folder that is a copy, the original. Only files with a known hash are compared.
pub(super) fn find<'p>(paths: impl Iterator<Item = &'p str>, grouping: &Grouping) -> BTreeMap<Place, Place> {
    let mut files: BTreeMap<Place, BTreeMap<String, &str>> = BTreeMap::new();
    let mut unknown: BTreeSet<Place> = BTreeSet::new();
    for path in paths {
        for place in grouping.of_file(path) {
            let Place::Folder(folder) = &place else { continue };
            match grouping.hashes.get(path) {
                Some(hash) => {
                    files.entry(place.clone()).or_default().insert(relative(folder, path), hash);
                }
                None => {
                    unknown.insert(place);
                }
            }
        }
    }
    for (place, own) in &mut files {
        let Place::Folder(folder) = place else { continue };
        for unit in grouping.units.iter().filter(|unit| unit.folder == *folder) {
            let manifests =
                grouping.hashes.iter().filter(|(path, _)| path.rsplit_once('/').map_or("", |(folder, _)| folder) == unit.folder);
            own.extend(manifests.map(|(path, hash)| (relative(folder, path), hash.as_str())));
        }
    }
    files.retain(|place, own| !unknown.contains(place) && !own.is_empty());
    let mut originals: BTreeMap<&BTreeMap<String, &str>, &Place> = BTreeMap::new();
    let mut by_rank: Vec<(&Place, &BTreeMap<String, &str>)> = files.iter().collect();
    by_rank.sort_by_key(|(place, _)| rank(place));
    let mut copies = BTreeMap::new();
    for (place, own) in by_rank {
        match originals.get(own) {
            Some(original) => {
                copies.insert(place.clone(), (*original).clone());
            }
            None => {
                originals.insert(own, place);
            }
        }
    }
    copies
}

/// The original comes first: the folder whose name has no word for copies, then the shorter path.
fn rank(place: &Place) -> (bool, usize, &Place) {
    let Place::Folder(folder) = place else { return (false, 0, place) };
    let lower = folder.to_lowercase();
    let named = lower.split(|letter: char| !letter.is_alphanumeric()).any(|word| OF_COPIES.contains(&word));
    (named, folder.len(), place)
}

fn relative(folder: &str, path: &str) -> String {
    path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouping(hashes: &[(&str, &str)]) -> Grouping {
        Grouping { hashes: hashes.iter().map(|(path, hash)| ((*path).to_owned(), (*hash).to_owned())).collect(), ..Grouping::default() }
    }

    #[test]
    fn p2_a_copy_of_a_folder_is_the_same_integration() {
        let copies = |hashes: &[(&str, &str)]| find(hashes.iter().map(|(path, _)| *path), &grouping(hashes));
        let folder = |name: &str| Place::Folder(name.to_owned());
        let found = copies(&[("sync/a.py", "1"), ("sync/b.py", "2"), ("sync_old/a.py", "1"), ("sync_old/b.py", "2")]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(folder("sync_old"), folder("sync"))]);
        assert!(copies(&[("sync/a.py", "1"), ("other/a.py", "2")]).is_empty(), "one name, other content");
        assert!(copies(&[("sync/a.py", "1"), ("sync/b.py", "2"), ("other/a.py", "1")]).is_empty(), "one file in common");
        let found = copies(&[("backup/a.py", "1"), ("orders-sync/a.py", "1")]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(folder("backup"), folder("orders-sync"))]);
    }
}
