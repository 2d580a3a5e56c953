//! A token in a file: in one line of it, or in a whole file by a template.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use keyway_core::secret::Secret;
use keyway_core::shown;
use serde::Deserialize;

use super::{Place, line, random_hex};

/// The placeholder of the token in a template.
const PLACE: &str = "{token}";
/// The template where the target names none: the token alone.
const TOKEN_ALONE: &str = "{token}\n";
/// The mode of a file that Keyway makes.
const OWNER_ALONE: u32 = 0o600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTarget {
    path: PathBuf,
    /// The variable whose line changes; the rest of the file stays.
    key: Option<String>,
    /// The whole of the file, with `{token}` in it.
    template: Option<String>,
    /// Permissions in octal. None: those of the file, or the owner's alone for a file that Keyway makes.
    mode: Option<String>,
}

/// A file as it is.
struct Present {
    bytes: Vec<u8>,
    mode: u32,
    /// User and group.
    owner: (u32, u32),
}

/// The file itself where the path is a link to it, the folder it is in, and what undoes a delivery.
struct Paths {
    file: PathBuf,
    folder: PathBuf,
    former: PathBuf,
}

impl Place for FileTarget {
    fn name(&self) -> String {
        match &self.key {
            Some(key) => format!("file {}, {key}", shown::path(&self.path)),
            None => format!("file {}", shown::path(&self.path)),
        }
    }

    async fn check(&self) -> anyhow::Result<String> {
        let paths = self.paths()?;
        let present = Present::of(&paths.file)?;
        let mode = self.mode(present.as_ref())?;
        let does = self.does(present.as_ref())?;
        // The one way to know whether a file can be made, and can be given to the owner of the file that is there.
        write(&paths.folder, None, b"", mode, present.as_ref())?;
        let mode = match &present {
            Some(present) if present.mode == mode => format!("mode {mode:04o} stays"),
            Some(present) => format!("mode {:04o} becomes {mode:04o}", present.mode),
            None => format!("mode {mode:04o}"),
        };
        Ok(format!("{does}; {mode}"))
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let paths = self.paths()?;
        let _alone = alone_in(&paths.folder)?;
        let present = Present::of(&paths.file)?;
        let mode = self.mode(present.as_ref())?;
        let (former, now) = match &self.key {
            Some(key) => {
                let text = text_of(present.as_ref())?;
                (line::of(text, key)?.unwrap_or_default().as_bytes(), line::with(text, key, token.expose())?)
            }
            None => (bytes_of(present.as_ref()), self.template().replace(PLACE, token.expose())),
        };
        // It holds a token that may still work. An empty one says that there was none before.
        write(&paths.folder, Some(&paths.former), former, OWNER_ALONE, present.as_ref())?;
        write(&paths.folder, Some(&paths.file), now.as_bytes(), mode, present.as_ref())?;
        let did = match (&self.key, &present) {
            (_, None) => "made",
            (Some(_), Some(_)) if former.is_empty() => "added the line",
            (Some(_), Some(_)) => "changed the line",
            (None, Some(_)) => "replaced",
        };
        let kept =
            format!("; what was there before is in {}. Remove that file when you no longer need to undo", shown::path(&paths.former));
        Ok(format!("{did}{}", if former.is_empty() { "" } else { &kept }))
    }

    async fn held(&self) -> anyhow::Result<Option<Secret<String>>> {
        let paths = self.paths()?;
        let present = Present::of(&paths.file)?.with_context(|| format!("{} is not there", shown::path(&paths.file)))?;
        let text = text_of(Some(&present))?;
        if let Some(key) = &self.key {
            return Ok(Some(Secret::new(line::value(text, key)?.unwrap_or_default().to_owned())));
        }
        let template = self.template();
        // A template may name the token twice: the file must have the same text in all these places.
        let (before, after) = template.split_once(PLACE).with_context(|| format!("the template has no {PLACE}"))?;
        let token = text.strip_prefix(before).and_then(|rest| match after.split_once(PLACE) {
            None => rest.strip_suffix(after),
            Some((between, _)) => rest.split_once(between).map(|(token, _)| token),
        });
        // A file that does not match the template holds no token of ours.
        let token = token.filter(|token| template.replace(PLACE, token) == text).unwrap_or_default();
        Ok(Some(Secret::new(token.to_owned())))
    }

    async fn undo(&self, _: &Secret<String>) -> anyhow::Result<String> {
        let paths = self.paths()?;
        let _alone = alone_in(&paths.folder)?;
        let present = Present::of(&paths.file)?.with_context(|| format!("{} is not there", shown::path(&paths.file)))?;
        let former = match std::fs::read(&paths.former) {
            Ok(former) => former,
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "{} is gone, so Keyway does not know what was there before. Write the value that belongs there yourself",
                shown::path(&paths.former)
            ),
            Err(error) => return Err(error).with_context(|| format!("{} can't be read", shown::path(&paths.former))),
        };
        let was_none = former.is_empty();
        let now = match &self.key {
            Some(key) => line::undone(text_of(Some(&present))?, key, std::str::from_utf8(&former)?)?.into_bytes(),
            None => former,
        };
        let said = if was_none && now.is_empty() {
            std::fs::remove_file(&paths.file).with_context(|| format!("{} can't be removed", shown::path(&paths.file)))?;
            "removed: there was none before"
        } else {
            write(&paths.folder, Some(&paths.file), &now, present.mode, Some(&present))?;
            if was_none { "removed the line: there was none before" } else { "restored" }
        };
        std::fs::remove_file(&paths.former).with_context(|| format!("{} can't be removed", shown::path(&paths.former)))?;
        Ok(said.into())
    }
}

impl FileTarget {
    fn paths(&self) -> anyhow::Result<Paths> {
        let file = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        if file.is_dir() {
            bail!("{} is a folder", shown::path(&file));
        }
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let name = file.file_name().with_context(|| format!("{} is not a file", shown::path(&file)))?.to_string_lossy().into_owned();
        // Hidden, and beside `.env` a name that `.env*` in a `.gitignore` matches.
        let dot = if name.starts_with('.') { "" } else { "." };
        let key = self.key.as_ref().map(|key| format!(".{key}")).unwrap_or_default();
        Ok(Paths { former: folder.join(format!("{dot}{name}{key}.keyway-former")), file, folder })
    }

    fn template(&self) -> &str {
        self.template.as_deref().unwrap_or(TOKEN_ALONE)
    }

    /// What a delivery would do to the file.
    ///
    /// # Errors
    /// It can't be done.
    fn does(&self, present: Option<&Present>) -> anyhow::Result<String> {
        if let Some(key) = &self.key {
            if self.template.is_some() {
                bail!("key and template can't be used together: key changes one line, template replaces the whole file");
            }
            if !line::is_name(key) {
                bail!("{} is not the name of a variable such as HUBSPOT_TOKEN", shown::line(key));
            }
            let text = text_of(present)?;
            line::with(text, key, PLACE)?;
            let others = text.lines().count();
            return Ok(match (present, line::of(text, key)?) {
                (None, _) => format!("makes it with the line {key}"),
                (_, Some(_)) => format!("changes the line {key}; {}", stay(others - 1)),
                (_, None) => format!("adds the line {key}; {}", stay(others)),
            });
        }
        if !self.template().contains(PLACE) {
            bail!("the template has no {PLACE}");
        }
        let beside = self.template().len() - PLACE.len();
        let Some(present) = present else { return Ok(format!("makes it, {beside} bytes beside the token")) };
        let lost = match lost(&String::from_utf8_lossy(&present.bytes), self.template()) {
            0 => String::new(),
            1 => ". The template does not have 1 line of the file: that line is lost. To change one line alone, use key".to_owned(),
            lost => format!(". The template does not have {lost} lines of the file: those are lost. To change one line alone, use key"),
        };
        Ok(format!("replaces the whole file, {beside} bytes beside the token{lost}"))
    }

    /// The mode that the file gets.
    fn mode(&self, present: Option<&Present>) -> anyhow::Result<u32> {
        let mode = match &self.mode {
            Some(text) => {
                let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
                mode.with_context(|| format!("{text} is not a mode such as 0640"))?
            }
            None => present.map_or(OWNER_ALONE, |present| present.mode),
        };
        if mode & 0o002 != 0 {
            let whose = if self.mode.is_some() { "" } else { " of the file" };
            bail!("mode {mode:04o}{whose} lets everybody write the token. Name another: mode = \"0640\"");
        }
        Ok(mode)
    }
}

impl Present {
    /// None where there is no file.
    fn of(path: &Path) -> anyhow::Result<Option<Self>> {
        let read = || -> std::io::Result<_> { Ok((std::fs::read(path)?, std::fs::metadata(path)?)) };
        match read() {
            Ok((bytes, metadata)) => Ok(Some(Self { bytes, mode: metadata.mode() & 0o777, owner: (metadata.uid(), metadata.gid()) })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} can't be read", shown::path(&path))),
        }
    }
}

fn bytes_of(present: Option<&Present>) -> &[u8] {
    present.map(|present| &*present.bytes).unwrap_or_default()
}

fn text_of(present: Option<&Present>) -> anyhow::Result<&str> {
    std::str::from_utf8(bytes_of(present)).context("the file is not text in UTF-8")
}

fn stay(lines: usize) -> String {
    match lines {
        1 => "1 other line stays".to_owned(),
        lines => format!("{lines} other lines stay"),
    }
}

/// How many lines of a file a template does not have.
fn lost(text: &str, template: &str) -> usize {
    let token = |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_of = |line: &str, row: &str| match row.split_once(PLACE) {
        None => line == row,
        Some((before, after)) => line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(token),
    };
    let kept = |line: &str| line.trim().is_empty() || template.lines().any(|row| is_of(line, row));
    text.lines().filter(|line| !kept(line)).count()
}

/// Waits until no other delivery changes files of this folder: a second one must read what the first one wrote. The lock
/// is held until the value is dropped.
fn alone_in(folder: &Path) -> anyhow::Result<std::fs::File> {
    let lock = || {
        let folder = std::fs::File::open(folder)?;
        folder.lock()?;
        std::io::Result::Ok(folder)
    };
    lock().with_context(|| format!("{} can't be locked", shown::path(&folder)))
}

/// A name that no file has.
fn draft_in(folder: &Path) -> anyhow::Result<PathBuf> {
    Ok(folder.join(format!(".keyway-{}", random_hex::<6>()?)))
}

/// Writes a file whole or not at all, with the owner of the file that is there. Without a name for it, this only tries.
fn write(folder: &Path, to: Option<&Path>, bytes: &[u8], mode: u32, owned_as: Option<&Present>) -> anyhow::Result<()> {
    let draft = draft_in(folder)?;
    let written = (|| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(&draft)?;
        file.write_all(bytes)?;
        let made = file.metadata()?;
        if let Some(Present { owner: (user, group), .. }) = owned_as
            && (made.uid(), made.gid()) != (*user, *group)
        {
            // Only root may give files away, and a group is one's own.
            // Of the open file: the owner of the folder could put another file in the draft's place.
            std::os::unix::fs::fchown(&file, Some(*user), Some(*group)).with_context(|| {
                format!("the file belongs to user {user} and group {group}, and this user can't keep that. Run the command as that user or as root")
            })?;
        }
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        match to {
            Some(to) => std::fs::rename(&draft, to)?,
            None => std::fs::remove_file(&draft)?,
        }
        anyhow::Ok(())
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.with_context(|| format!("{} can't be written", shown::path(&to.unwrap_or(folder))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_at_once_into_one_file_lose_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "DATABASE_URL=x\n").unwrap();
        std::thread::scope(|threads| {
            for n in 0..16 {
                let target = FileTarget { path: path.clone(), key: Some(format!("TOKEN_{n}")), template: None, mode: None };
                threads.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(target.deliver(&Secret::new(format!("token-{n}")))).unwrap();
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 17, "{text}");
    }
}
