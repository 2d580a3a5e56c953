//! Makes the seed of a pull: tries it on an empty account, then writes it. Leaves out what the account refuses,
//! and lists that.

use std::collections::HashSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use keyway_core::shown;
use serde_json::{Map, Value, json};

use super::known::Known;
use super::read::Pulled;
use crate::args::portal::pull::Pull;
use crate::register::yaml;

/// What was written.
pub struct Written {
    /// Things by kind.
    pub counts: Map<String, Value>,
    /// What is not in the file, and why.
    pub left_out: Vec<String>,
}

/// # Errors
/// The file can't be written, or what was read holds what looks like a credential.
pub async fn write(mut pulled: Pulled, asked: &Pull) -> anyhow::Result<Written> {
    associate(&mut pulled);
    let mut left_out = std::mem::take(&mut pulled.left_out);
    if let Err(refused) = Known::new().await?.takes(seed(&pulled).into()).await {
        tracing::debug!(refused, "the whole seed");
        left_out.extend(reduce(&mut pulled).await?);
    }
    let seed = seed(&pulled);
    let text = yaml::text_of(&seed, "the seed").with_context(|| {
        let progress = shown::path(&super::progress::beside(&asked.output)).to_string();
        format!("the seed is not written, and {progress} holds its text: change the account, then run the command again with --restart")
    })?;
    let head = format!(
        "# Pulled from account {} by: keyway portal pull {} --records {}{}\n",
        asked.hub_id,
        asked.hub_id,
        asked.records,
        if asked.unmasked { " --unmasked\n# It holds personal data." } else { "" }
    );
    replace(&asked.output, &(head + &text))?;
    let count = |of: &Value| match of {
        Value::Object(by_type) => by_type.values().filter_map(Value::as_array).map(Vec::len).sum(),
        of => of.as_array().map_or(0, Vec::len),
    };
    let counts = seed.iter().map(|(what, of)| (what.clone(), count(of).into())).collect();
    Ok(Written { counts, left_out })
}

fn seed(pulled: &Pulled) -> Map<String, Value> {
    let sections = [
        ("owners", json!(pulled.owners)),
        ("schemas", json!(pulled.schemas)),
        ("groups", json!(pulled.groups)),
        ("properties", json!(pulled.properties)),
        ("pipelines", json!(pulled.pipelines)),
        ("labels", json!(pulled.labels)),
        ("records", json!(pulled.records)),
        ("lists", json!(pulled.lists)),
    ];
    let says = |value: &Value| !(value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty));
    sections.into_iter().filter(|(_, value)| says(value)).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Keeps associations with records that the seed has.
fn associate(pulled: &mut Pulled) {
    let rows = pulled.records.iter().flat_map(|(kind, rows)| rows.as_array().into_iter().flatten().map(move |row| (kind, row)));
    let keys: HashSet<String> = rows.filter_map(|(kind, row)| Some(format!("{kind}/{}", row["key"].as_str()?))).collect();
    for row in pulled.records.values_mut().filter_map(Value::as_array_mut).flatten() {
        let Some(row) = row.as_object_mut() else { continue };
        if let Some(associations) = row.get_mut("associations").and_then(Value::as_array_mut) {
            associations.retain(|to| to.as_str().is_some_and(|to| keys.contains(to)));
            if associations.is_empty() {
                row.shift_remove("associations");
            }
        }
    }
}

/// Tries one thing after the other, and leaves out those that are refused.
async fn reduce(pulled: &mut Pulled) -> anyhow::Result<Vec<String>> {
    let known = Known::new().await?;
    let mut left_out = Vec::new();
    for (name, all) in [("owners", &mut pulled.owners), ("schemas", &mut pulled.schemas)] {
        keep(&known, name, None, all, &mut left_out).await;
    }
    for (name, by_type) in [("groups", &mut pulled.groups), ("properties", &mut pulled.properties), ("pipelines", &mut pulled.pipelines)] {
        keep_by_type(&known, name, by_type, &mut left_out).await;
    }
    keep(&known, "labels", None, &mut pulled.labels, &mut left_out).await;
    // Associations are tried when all records are there.
    let mut alone = Map::new();
    for (kind, rows) in &pulled.records {
        let rows = rows.as_array().into_iter().flatten().map(|row| json!({ "key": row["key"], "properties": row["properties"] }));
        alone.insert(kind.clone(), rows.collect::<Vec<_>>().into());
    }
    keep_by_type(&known, "records", &mut alone, &mut left_out).await;
    for (kind, rows) in &mut pulled.records {
        let kept: HashSet<&str> =
            alone.get(kind).and_then(Value::as_array).into_iter().flatten().filter_map(|row| row["key"].as_str()).collect();
        if let Some(rows) = rows.as_array_mut() {
            rows.retain(|row| row["key"].as_str().is_some_and(|key| kept.contains(key)));
        }
    }
    pulled.records.retain(|_, rows| rows.as_array().is_some_and(|rows| !rows.is_empty()));
    associate(pulled);
    keep(&known, "lists", None, &mut pulled.lists, &mut left_out).await;
    if let Err(refused) = Known::new().await?.takes(seed(pulled).into()).await {
        left_out.push(format!("associations of records ({refused})"));
        for row in pulled.records.values_mut().filter_map(Value::as_array_mut).flatten() {
            row.as_object_mut().map(|row| row.shift_remove("associations"));
        }
    }
    Ok(left_out)
}

async fn keep_by_type(known: &Known, name: &str, by_type: &mut Map<String, Value>, left_out: &mut Vec<String>) {
    for (kind, all) in by_type.iter_mut() {
        if let Some(all) = all.as_array_mut() {
            keep(known, name, Some(kind), all, left_out).await;
        }
    }
    by_type.retain(|_, all| all.as_array().is_some_and(|all| !all.is_empty()));
}

async fn keep(known: &Known, name: &str, kind: Option<&str>, all: &mut Vec<Value>, left_out: &mut Vec<String>) {
    let placed = |some: &[Value]| match kind {
        Some(kind) => json!({ name: { kind: some } }),
        None => json!({ name: some }),
    };
    if known.takes(placed(all)).await.is_ok() {
        return;
    }
    let mut kept = Vec::new();
    for one in std::mem::take(all) {
        match known.takes(placed(std::slice::from_ref(&one))).await {
            Ok(()) => kept.push(one),
            Err(refused) => {
                let called = ["name", "label", "key", "id"].iter().find_map(|field| one.get(*field)).map(super::text).unwrap_or_default();
                left_out.push(format!("{name} {}{called} ({refused})", kind.map(|kind| format!("{kind} ")).unwrap_or_default()));
            }
        }
    }
    *all = kept;
}

/// Writes the file whole or not at all, for its owner alone.
fn replace(output: &Path, text: &str) -> anyhow::Result<()> {
    let unwritten = || format!("{} can't be written", shown::path(&output));
    let mut name = output.file_name().with_context(unwritten)?.to_owned();
    name.push(".new");
    let new = output.with_file_name(name);
    // What an earlier run left, or a link that somebody put there: neither is written through.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(unwritten),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&new).with_context(unwritten)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(unwritten)?;
    std::fs::rename(&new, output).with_context(unwritten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_seed_is_for_its_owner_alone_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (output, other) = (folder.path().join("seed.yaml"), folder.path().join("other"));
        std::fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("seed.yaml.new")).unwrap();
        replace(&output, "text").unwrap();
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(&output).unwrap(), "text");
        assert_eq!(std::fs::metadata(&output).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
