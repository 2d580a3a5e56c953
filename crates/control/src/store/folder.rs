//! The data folder: readable by its owner only, used by one server at a time, with the master key.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use keyway_core::shown;
use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Uid, chownat, flock, fstat, open, openat, statat};
use rustix::process::geteuid;

use super::StoreError;

/// Where the environment may hold the master key and the former one.
pub(super) const ENVIRONMENT: [&str; 2] = ["KEYWAY_MASTER_KEY", "KEYWAY_MASTER_KEY_OLD"];

/// The lock on a folder; given back when it is dropped, or the process dies.
pub(super) struct Lock {
    file: File,
    folder: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        give_to_owner(&self.folder);
        // Closing the file gives the lock back too; this says so.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Makes the folder, narrows its permissions, and takes its lock.
pub(super) fn prepare(folder: &Path) -> Result<Lock, StoreError> {
    let failed = |what: &str, error: &std::io::Error| {
        StoreError::Folder(format!(
            "{what} the data folder {}: {}. Pass a folder in which this user may write, with --data",
            shown::path(&folder),
            shown::cause(error)
        ))
    };
    refuse_a_file(folder)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed("can't create", &error))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(|error| failed("can't set the permissions of", &error))?;
    let file = private(OpenOptions::new().create(true).write(true).truncate(false))
        .open(folder.join("lock"))
        .map_err(|error| failed("can't open the lock of", &error))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        StoreError::Folder(format!(
            "the data folder {} is in use by another keyway server. Stop that server, or pass another folder with --data",
            shown::path(&folder)
        ))
    })?;
    // What Keyway writes here holds credentials and must not be committed by mistake.
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        fs::write(&ignore, "*\n").map_err(|error| failed("can't write the .gitignore of", &error))?;
    }
    Ok(Lock { file, folder: folder.to_owned() })
}

/// Whether another process holds the lock of a folder. Makes no file: a backup has none.
pub(super) fn is_locked(folder: &Path) -> bool {
    File::open(folder.join("lock")).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
}

/// Refuses root in the folder of another user.
pub(super) fn refuse_another_owner(folder: &Path) -> Result<(), StoreError> {
    let owner = match fs::metadata(folder) {
        Ok(found) if geteuid().is_root() && found.uid() != 0 => found.uid(),
        // `prepare` refuses a folder that can't be used.
        _ => return Ok(()),
    };
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let name = accounts.lines().map(fields).find(|fields| fields.get(2).is_some_and(|id| *id == owner.to_string()));
    let (user, named) = match name.and_then(|fields| fields.into_iter().next()) {
        Some(name) => (name.clone(), name),
        // As sudo takes a number.
        None => (format!("'#{owner}'"), format!("with the id {owner}")),
    };
    Err(StoreError::Folder(format!(
        "the data folder {folder} belongs to the user {named}, and root starts this server: that user could not open the files that it makes. \
         Start the service with \"sudo systemctl start keyway\", or the server as that user with \"sudo -u {user} keyway serve --data {folder}\". \
         In a container, leave out \"--user 0\", or pass \"--user {owner}\": a new volume belongs to the user of the image. \
         For a folder of root: chown -R root {folder}",
        folder = shown::path(&folder)
    )))
}

/// Gives the files of root in a folder to the owner of the folder. Root restores or moves the folder of a service, and
/// the user of the service must be able to read all of it. Only root can give files away, so for others this does nothing.
fn give_to_owner(folder: &Path) {
    if !geteuid().is_root() {
        return;
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = open(folder, flags, Mode::empty()) else { return };
    let Ok(owner) = fstat(&folder) else { return };
    if owner.st_uid != 0 {
        give_all(&folder, (Uid::from_raw(owner.st_uid), Gid::from_raw(owner.st_gid)), flags | OFlags::NOFOLLOW);
    }
}

/// Follows no links: the owner may make links to files outside, which root must not give away.
fn give_all(folder: &OwnedFd, owner: (Uid, Gid), flags: OFlags) {
    let Ok(entries) = Dir::read_from(folder) else { return };
    for entry in entries.map_while(Result::ok) {
        let name = entry.file_name();
        if [c".", c".."].contains(&name) {
            continue;
        }
        let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let kind = FileType::from_raw_mode(found.st_mode);
        if kind.is_dir()
            && let Ok(inner) = openat(folder, name, flags, Mode::empty())
        {
            give_all(&inner, owner, flags);
        }
        if found.st_uid == 0 && (kind.is_dir() || kind.is_file() && found.st_nlink == 1) {
            let _ = chownat(folder, name, Some(owner.0), Some(owner.1), AtFlags::SYMLINK_NOFOLLOW);
        }
    }
}

/// From here on every file this process makes is its owner's alone: the databases hold who did
/// what, and a copy of one leaves the folder that protects it.
pub(super) fn make_files_private() {
    rustix::process::umask(Mode::from_raw_mode(0o077));
}

/// The master key: from the environment, or from the folder's file. The first start makes the file, but not for a
/// shared database: each instance would make another key, and a container would lose its key at the next deployment.
pub(super) fn master_key(folder: &Path, shared: bool) -> Result<[u8; 32], StoreError> {
    if let Some(key) = known_master_key(folder, shared)? {
        return Ok(key);
    }
    let path = folder.join("master.key");
    let key = random_key()?;
    write_new(&path, &[&key]).map_err(|error| unwritten_key(&path, &error))?;
    Ok(key)
}

/// The master key, if there is one; changes nothing.
///
/// # Errors
/// It can't be read, or there is none for a shared database.
pub(super) fn known_master_key(folder: &Path, shared: bool) -> Result<Option<[u8; 32]>, StoreError> {
    if let Ok(text) = std::env::var("KEYWAY_MASTER_KEY") {
        return parse_hex(text.trim())
            .map(Some)
            .ok_or_else(|| StoreError::Folder("KEYWAY_MASTER_KEY must be 64 hexadecimal digits".into()));
    }
    let path = folder.join("master.key");
    match fs::read_to_string(&path) {
        Ok(text) => parse_hex(text.trim())
            .map(Some)
            .ok_or_else(|| StoreError::Folder(format!("the master key {} does not hold 64 hexadecimal digits", shown::path(&path)))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && shared => Err(StoreError::Folder(format!(
            "--database needs a master key, the same for every instance: KEYWAY_MASTER_KEY is not set, and there is no {}. \
             For a new database, make one with \"openssl rand -hex 32\", keep it in your secrets manager, and set \
             KEYWAY_MASTER_KEY to it. For a database that is in use, set the key it was made with: without it nothing can \
             open the stored credentials",
            shown::path(&path)
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable_key(folder, &path, &error)),
    }
}

fn unreadable_key(folder: &Path, path: &Path, error: &std::io::Error) -> StoreError {
    let advice = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            format!(". Start the server as the owner of the folder: sudo -u OWNER keyway serve --data {}", shown::path(&folder))
        }
        _ => String::new(),
    };
    StoreError::Folder(format!("the master key {} can't be read: {}{advice}", shown::path(&path), shown::cause(error)))
}

fn unwritten_key(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Folder(format!("the master key {} can't be written: {}", shown::path(&path), shown::cause(error)))
}

/// Refuses a file where a folder is needed.
pub(super) fn refuse_a_file(folder: &Path) -> Result<(), StoreError> {
    if !folder.is_file() {
        return Ok(());
    }
    let named = shown::path(&folder);
    Err(StoreError::Folder(format!("the data folder {named} is a file. Pass a folder with --data; Keyway creates it if it does not exist")))
}

/// The key that was in use before the one of [`master_key`], while keys are rotated: from the environment, or the second
/// line of the file.
pub(super) fn former_key(folder: &Path) -> Result<Option<[u8; 32]>, StoreError> {
    // Compose and charts set variables that they have no value for to nothing.
    if let Some(text) = std::env::var("KEYWAY_MASTER_KEY_OLD").ok().filter(|text| !text.trim().is_empty()) {
        let key = parse_hex(&text).ok_or_else(|| StoreError::Folder("KEYWAY_MASTER_KEY_OLD must be 64 hexadecimal digits".into()))?;
        return Ok(Some(key));
    }
    let path = folder.join("master.key");
    if std::env::var_os("KEYWAY_MASTER_KEY").is_some() || !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|error| unreadable_key(folder, &path, &error))?;
    let Some(line) = text.lines().nth(1).filter(|line| !line.trim().is_empty()) else { return Ok(None) };
    parse_hex(line).map(Some).ok_or_else(|| {
        StoreError::Folder(format!("the second line of the master key {} does not hold 64 hexadecimal digits", shown::path(&path)))
    })
}

/// Replaces the keys in a folder's file: the one to be used, then the one that was in use before.
pub(super) fn write_keys(folder: &Path, keys: &[&[u8; 32]]) -> Result<(), StoreError> {
    let path = folder.join("master.key");
    let written = write_new(&path, keys).and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|error| unwritten_key(&path, &error))
}

/// A new key.
pub(super) fn random_key() -> Result<[u8; 32], StoreError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| StoreError::Folder(format!("the system has no randomness: {error}")))?;
    Ok(key)
}

/// Written under another name first: a crash never leaves half a key, which would make every token unknown.
fn write_new(path: &Path, keys: &[&[u8; 32]]) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = private(OpenOptions::new().create(true).write(true).truncate(true)).open(&draft)?;
    let lines: Vec<String> = keys.iter().map(|key| blake3::Hash::from_bytes(**key).to_hex().to_string()).collect();
    file.write_all(lines.join("\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// The key on the first line.
pub(super) fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.lines().next().unwrap_or_default().trim().as_bytes();
    let mut key = [0; 32];
    if bytes.len() != 64 {
        return None;
    }
    for (at, pair) in bytes.chunks_exact(2).enumerate() {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        key[at] = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    #[test]
    fn the_folder_and_its_key_are_private_and_the_key_stays() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let _lock = prepare(&folder).unwrap();
        let key = master_key(&folder, false).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("master.key"))), (0o700, 0o600));
        assert_eq!(master_key(&folder, false).unwrap(), key);
    }

    #[test]
    fn what_root_makes_in_the_folder_of_another_user_is_that_users() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let owner = |path: &Path| fs::symlink_metadata(path).map(|found| (found.uid(), found.gid())).unwrap();
        let outside = ["linked", "named twice"].map(|name| elsewhere.path().join(name));
        outside.iter().for_each(|path| fs::write(path, "").unwrap());
        let before = owner(&outside[0]);
        // Nobody but root can give a folder to another user.
        if geteuid().is_root() {
            chown(folder.path(), Some(65_532), Some(65_532)).unwrap();
        }
        let lock = prepare(folder.path()).unwrap();
        symlink(&outside[0], folder.path().join("link")).unwrap();
        symlink(elsewhere.path(), folder.path().join("folder")).unwrap();
        fs::hard_link(&outside[1], folder.path().join("second name")).unwrap();
        fs::create_dir(folder.path().join("audit")).unwrap();
        fs::write(folder.path().join("audit/1.log"), "").unwrap();
        master_key(folder.path(), false).unwrap();
        drop(lock);
        for made in ["lock", ".gitignore", "master.key", "audit", "audit/1.log"] {
            assert_eq!(owner(&folder.path().join(made)), owner(folder.path()), "{made}");
        }
        assert_eq!(outside.map(|path| owner(&path)), [before; 2], "files outside stay as they are");
    }

    #[test]
    fn a_shared_database_gets_no_key_that_nobody_chose() {
        let folder = tempfile::tempdir().unwrap();
        let refused = master_key(folder.path(), true).unwrap_err().to_string();
        assert!(refused.contains("openssl rand -hex 32") && refused.contains("KEYWAY_MASTER_KEY"), "{refused}");
        assert!(!folder.path().join("master.key").exists());
        fs::write(folder.path().join("master.key"), "ab".repeat(32)).unwrap();
        assert_eq!(master_key(folder.path(), true).unwrap(), [0xab; 32]);
    }

    #[test]
    fn two_servers_cannot_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = prepare(folder.path()).unwrap();
        assert!(prepare(folder.path()).is_err_and(|error| error.to_string().contains("in use by another")));
        drop(lock);
        assert!(prepare(folder.path()).is_ok());
    }
}
