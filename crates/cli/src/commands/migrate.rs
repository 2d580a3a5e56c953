//! `keyway migrate`.

use std::time::{Duration, Instant};

use anyhow::bail;
use keyway_core::shown;
use keyway_gateway::migrate::{self, Move, Moved, Step};
use serde_json::json;

use super::{note, print, print_json};
use crate::args::Connection;
use crate::args::migrate::Migrate;
use crate::exit::Exit;
use crate::output::is_json;
use crate::output::progress::Bar;

/// How often a line about one part is written where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(2);

pub async fn run(connection: &Connection, Migrate { to, leave_embedded, accept_damage }: Migrate) -> anyhow::Result<Exit> {
    let folder = &connection.data;
    let mut progress = Progress { bar: Bar::of(0), part: String::new(), at: None };
    let wanted = Move { folder, url: &to, leave_embedded, accept_damage };
    let moved = {
        let mut show = |step: Step<'_>| progress.show(step);
        tokio::select! {
            moved = migrate::migrate(wanted, &mut show) => Some(moved),
            _ = tokio::signal::ctrl_c() => None,
        }
    };
    progress.bar.end();
    let Some(moved) = moved else { bail!("interrupted. The folder is as it was. The same command continues where it stopped") };
    let moved = moved?;
    if is_json() {
        let left: Vec<_> = moved.left.iter().map(|left| json!({ "hubId": left.hub_id, "name": left.name, "apps": left.apps })).collect();
        let (rows, records) = moved.copied.unzip();
        print_json(&json!({
            "database": moved.mark.database, "at": moved.mark.at, "alreadyMoved": moved.copied.is_none(), "rows": rows,
            "records": records, "head": moved.heads, "fault": moved.fault, "leftBehind": left,
        }))?;
        return Ok(Exit::Fine);
    }
    print(&report(&shown::path(folder), &moved))?;
    Ok(Exit::Fine)
}

fn report(folder: &str, moved: &Moved) -> String {
    let Moved { copied, mark, heads, fault, left } = moved;
    let database = &mark.database;
    let mut text = match copied {
        Some((rows, records)) => {
            let proof = match fault {
                Some(fault) => format!("The audit log was moved as it is: {fault}."),
                None => format!("The database has every record, and its chain of seals ends where that of the folder does:\nhead {heads}"),
            };
            format!("moved {rows} rows of state and {records} audit records of {folder} to {database}\n{proof}\n")
        }
        None => format!("{folder} was moved to {database} on {}; nothing was left to do\n", mark.at),
    };
    for one in left {
        text.push_str(&format!(
            "account {} \"{}\" is embedded and stays in the folder, with its apps ({}) and their tokens\n",
            one.hub_id, one.name, one.apps
        ));
    }
    let key = match std::env::var_os("KEYWAY_MASTER_KEY") {
        Some(_) => "the KEYWAY_MASTER_KEY that this command had".to_owned(),
        None => format!("KEYWAY_MASTER_KEY=\"$(head -n 1 {folder}/master.key)\""),
    };
    text.push_str(&format!(
        "\nStart the server on the database (add user and password to the URL as for this command):\n  keyway serve --database {database} --data {folder}\nGive other instances a data folder of their own and {key}.\n{folder} is as it was, with the file \"moved\". To go back, stop every server of the database and delete that file."
    ));
    text
}

/// Where the move is, on stderr: a bar on a terminal, else a line every few seconds.
struct Progress {
    bar: Bar,
    part: String,
    at: Option<Instant>,
}

impl Progress {
    fn show(&mut self, step: Step<'_>) {
        let (part, done) = match step {
            Step::Checking => ("checking the audit log of the folder".to_owned(), None),
            Step::State(table, done, all) => (format!("moving {table}"), Some((done, all))),
            Step::Records(done, all) => ("moving audit records".to_owned(), Some((done, all))),
            Step::Verifying => ("checking the audit log in the database".to_owned(), None),
        };
        let (count, all) = done.unwrap_or_default();
        self.bar.set_all(all);
        self.bar.set(&part, count);
        let is_new = part != self.part;
        self.part = part;
        let is_over = done.is_none_or(|(done, all)| done >= all);
        let is_due = self.at.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if self.bar.is_shown() || !is_new && !is_over && !is_due {
            return;
        }
        self.at = Some(Instant::now());
        let figures = done.map(|(done, all)| format!(": {done} of {all} ({} %)", done * 100 / all.max(1))).unwrap_or_default();
        note(&format!("{}{figures}", self.part));
    }
}
