//! `keyway`: reads the command line, performs the command, and turns the result into an exit code.

mod apps;
mod args;
mod client;
mod commands;
mod complete;
mod config;
mod demo;
mod exec;
mod exit;
mod help;
mod logs;
mod mcp;
mod near;
mod output;
mod portal_backend;
mod print;
mod record;
mod register;
mod report;
mod seed;
mod serve;
mod typed;

use std::process::ExitCode;

use args::backup::Backup;
use args::config::Config;
use args::restore::Restore;
use args::status::Status;
use args::sunset::Sunset;
use args::{Args, Command};
use exit::{Exit, chain};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    complete::answer();
    // clap itself exits with 2 when the command line can't be read.
    match config::parse(help::command()).and_then(run) {
        Ok(exit) => exit.into(),
        // The reader closed its end of the pipe. `keyway audit list | head` is not an error.
        Err(error) if is_broken_pipe(&error) => Exit::Fine.into(),
        Err(error) => {
            print::fail(&chain(&error));
            Exit::Error.into()
        }
    }
}

fn run(args: Args) -> anyhow::Result<Exit> {
    output::begin(args.manners);
    let authorities = match &args.command {
        Command::Serve(serve) => serve.ca_file.clone(),
        _ => std::env::var_os("KEYWAY_CA_FILE").map(std::path::PathBuf::from),
    };
    // `config check` names the file with all else that is wrong.
    if let Some(file) = authorities.filter(|_| !matches!(args.command, Command::Config { .. })) {
        keyway_gateway::tls::trust(&file)?;
    }
    if let Command::Scan(scan) = args.command {
        return commands::scan::run(&args.connection, scan);
    }
    if let Command::Fix(fix) = &args.command {
        return commands::fix::run(fix);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Args { connection, command, .. } = args;
    match command {
        Command::Scan(_) | Command::Fix(_) => unreachable!("it needs no runtime and is done"),
        Command::Serve(serve) => {
            let format = serve.log_format;
            let served = runtime.block_on(serve::run(&connection, *serve));
            // A blocking task, such as the lookup of a name, can't be stopped, so nothing waits for it.
            runtime.shutdown_background();
            match served {
                Err(error) if format == logs::LogFormat::Json => {
                    format.line("error", &chain(&error), json!({}));
                    Ok(Exit::Error)
                }
                served => served,
            }
        }
        Command::Exec(exec) => {
            let ended = runtime.block_on(exec::run(exec));
            runtime.shutdown_background();
            ended
        }
        Command::Init(init) => {
            let ended = runtime.block_on(commands::init::run(&connection, init));
            runtime.shutdown_background();
            ended
        }
        Command::Scopes(wanted) => commands::scope_list::run(&wanted),
        Command::Mcp(wanted) => {
            let ended = runtime.block_on(mcp::run(wanted));
            // A read of standard input can't be ended.
            runtime.shutdown_background();
            ended
        }
        Command::Record(record) => {
            let ended = runtime.block_on(record::run(record));
            runtime.shutdown_background();
            ended
        }
        Command::Completions { shell } => complete::script(shell),
        Command::Man { folder } => help::man(&folder),
        Command::Status(Status { live: true, .. }) => runtime.block_on(commands::status::live(&connection)),
        Command::Status(Status { max_token_age, .. }) => runtime.block_on(commands::status::run(&connection, max_token_age.as_deref())),
        Command::Backup(Backup { target }) => runtime.block_on(commands::backup::take(&connection, &target)),
        Command::Restore(Restore { source, master_key, how }) => {
            runtime.block_on(commands::backup::put_back(&connection, &source, master_key.as_deref(), &how))
        }
        Command::Key { action } => runtime.block_on(commands::key::run(&connection, action)),
        Command::Migrate(wanted) => runtime.block_on(commands::migrate::run(&connection, wanted)),
        Command::Config { action: Config::Check { file } } => commands::config::check(&file),
        Command::Apply(apply) => runtime.block_on(commands::apply::run(&connection, apply)),
        Command::Export(export) => runtime.block_on(commands::export::run(&connection, export)),
        Command::Plan(plan) => runtime.block_on(commands::plan::run(&connection, plan)),
        Command::Doctor(doctor) => runtime.block_on(commands::doctor::run(&connection, doctor)),
        Command::Sunset(Sunset { account, back }) => runtime.block_on(commands::sunset::run(&connection, account.as_deref(), back.days())),
        Command::Account { action } => runtime.block_on(commands::account::run(&connection, action)),
        Command::App { action } => runtime.block_on(commands::app::run(&connection, action)),
        Command::Token { action } => runtime.block_on(commands::token::run(&connection, action)),
        Command::PublicApp { action } => runtime.block_on(commands::public_app::run(&connection, action)),
        Command::Install { action } => runtime.block_on(commands::install::run(&connection, action)),
        Command::OauthClient { action } => runtime.block_on(commands::oauth_client::run(&connection, action)),
        Command::Session { action } => runtime.block_on(commands::session::run(&connection, action)),
        Command::AdminToken { action } => runtime.block_on(commands::admin_token::run(&connection, action)),
        Command::User { action } => runtime.block_on(commands::user::run(&connection, action)),
        Command::Approval { action } => runtime.block_on(commands::approval::run(&connection, action)),
        Command::Migration { action } => runtime.block_on(commands::migration::run(&connection, action)),
        Command::Notify { action } => runtime.block_on(commands::notify::run(&connection, action)),
        Command::Changes(wanted) => runtime.block_on(commands::changes::run(&connection, wanted)),
        Command::Portal { account, action } => runtime.block_on(commands::portal::run(&connection, account.as_deref(), *action)),
        Command::Proxy { action } => runtime.block_on(commands::proxy::run(&connection, action)),
        Command::Calls(wanted) => runtime.block_on(commands::calls::run(&connection, wanted)),
        Command::Audit { action } => runtime.block_on(commands::audit::run(&connection, action)),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
