//! A token in a file, by a template, with a mode.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use keyway_core::secret::Secret;
use keyway_core::shown;
use serde::Deserialize;

use super::{Place, random_hex};

/// The placeholder of the token in a template.
const PLACE: &str = "{token}";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTarget {
    path: PathBuf,
    /// The whole of the file, with `{token}` in it.
    #[serde(default = "token_alone")]
    template: String,
    /// Permissions in octal.
    #[serde(default = "owner_alone")]
    mode: String,
}

fn token_alone() -> String {
    format!("{PLACE}\n")
}

fn owner_alone() -> String {
    "0600".into()
}

impl Place for FileTarget {
    fn name(&self) -> String {
        format!("file {}", shown::path(&self.path))
    }

    async fn check(&self) -> anyhow::Result<String> {
        let (path, folder, _) = self.places()?;
        let mode = self.mode()?;
        if !self.template.contains(PLACE) {
            bail!("the template has no {PLACE}");
        }
        if path.is_dir() {
            bail!("{} is a folder", shown::path(&path));
        }
        // The one way to know whether a file can be made.
        let trial = draft_in(&folder)?;
        let cant = || format!("{} can't be written", shown::path(&folder));
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&trial).with_context(cant)?;
        std::fs::remove_file(&trial).with_context(cant)?;
        let fate = if path.exists() { "replaces it" } else { "makes it" };
        Ok(format!("{fate}, {} bytes beside the token, mode {mode:04o}", self.template.len() - PLACE.len()))
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let (path, folder, former) = self.places()?;
        let existed = path.exists();
        if existed {
            let old = std::fs::read(&path).with_context(|| format!("{} can't be read", shown::path(&path)))?;
            write(&former, &folder, &old, std::fs::metadata(&path)?.mode() & 0o777, &path)?;
        } else {
            let _ = std::fs::remove_file(&former);
        }
        write(&path, &folder, self.template.replace(PLACE, token.expose()).as_bytes(), self.mode()?, &path)?;
        Ok(if existed { format!("replaced; what was there is in {}", shown::path(&former)) } else { "made".into() })
    }

    async fn held(&self) -> anyhow::Result<Option<Secret<String>>> {
        let (path, ..) = self.places()?;
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", shown::path(&path)))?;
        // A template may name the token twice: the file must have the same text in all these places.
        let (before, after) = self.template.split_once(PLACE).with_context(|| format!("the template has no {PLACE}"))?;
        let token = text.strip_prefix(before).and_then(|rest| match after.split_once(PLACE) {
            None => rest.strip_suffix(after),
            Some((between, _)) => rest.split_once(between).map(|(token, _)| token),
        });
        // A file that does not match the template holds no token of ours.
        let token = token.filter(|token| self.template.replace(PLACE, token) == text).unwrap_or_default();
        Ok(Some(Secret::new(token.to_owned())))
    }

    async fn undo(&self, _: &Secret<String>) -> anyhow::Result<String> {
        let (path, _, former) = self.places()?;
        if former.exists() {
            std::fs::rename(&former, &path).with_context(|| format!("{} can't be restored", shown::path(&path)))?;
            return Ok("restored".into());
        }
        std::fs::remove_file(&path).with_context(|| format!("{} can't be removed", shown::path(&path)))?;
        Ok("removed: there was none before".into())
    }
}

impl FileTarget {
    /// The file itself where the path is a link to it, the folder it is in, and its copy from before.
    fn places(&self) -> anyhow::Result<(PathBuf, PathBuf, PathBuf)> {
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let name = path.file_name().with_context(|| format!("{} is not a file", shown::path(&path)))?;
        let former = folder.join(format!(".{}.keyway-former", name.to_string_lossy()));
        Ok((path, folder, former))
    }

    fn mode(&self) -> anyhow::Result<u32> {
        let mode = u32::from_str_radix(&self.mode, 8).ok().filter(|mode| *mode <= 0o777);
        let mode = mode.with_context(|| format!("{} is not a mode such as 0640", self.mode))?;
        if mode & 0o002 != 0 {
            bail!("mode {} lets everybody write the token", self.mode);
        }
        Ok(mode)
    }
}

/// A name that no file has.
fn draft_in(folder: &Path) -> anyhow::Result<PathBuf> {
    Ok(folder.join(format!(".keyway-{}", random_hex::<6>()?)))
}

/// Writes a file whole or not at all, with the owner of another where that is allowed.
fn write(to: &Path, folder: &Path, bytes: &[u8], mode: u32, owner_of: &Path) -> anyhow::Result<()> {
    let cant = || format!("{} can't be written", shown::path(&to));
    let draft = draft_in(folder)?;
    let written = (|| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        if let Ok(owner) = std::fs::metadata(owner_of) {
            // Only root may give files away; others keep their own.
            let _ = std::os::unix::fs::chown(&draft, Some(owner.uid()), Some(owner.gid()));
        }
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&draft, to)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.with_context(cant)
}
