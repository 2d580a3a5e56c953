//! Starts `keyway serve`, runs other commands against it, and calls it with curl's own arguments.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub struct Keyway {
    pub folder: TempDir,
    pub screen: String,
    process: Running,
}

/// A process that ends with its test, also where an assertion fails.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }
}

impl std::ops::Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl std::ops::DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing for a process that has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Set for the server of every test; long enough to be taken.
pub const ADMIN_TOKEN: &str = "an-admin-token-for-tests";

impl Keyway {
    pub fn start(options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options)
    }

    pub fn start_in(folder: TempDir, options: &[&str]) -> Self {
        Self::start_with(folder, options, &[])
    }

    /// The same with further environment variables.
    pub fn start_with(folder: TempDir, options: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_keyway")), folder, options, variables)
    }

    /// The same, begun by another command that takes the server's arguments.
    pub fn start_as(mut command: Command, folder: TempDir, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let command = command
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .args(options)
            .env("KEYWAY_ADMIN_TOKEN", ADMIN_TOKEN)
            // Tests of a demo count calls of their own.
            .env("KEYWAY_DEMO_DAYS", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = Running::start(command);
        let mut screen = String::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            screen.push_str(&line.unwrap());
            screen.push('\n');
            if screen.ends_with("keyway is ready\n") {
                break;
            }
        }
        assert!(screen.ends_with("keyway is ready\n"), "{screen}");
        Self { folder, screen, process }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Stops as an operator would, and hands the folder on.
    pub fn stop(mut self) -> TempDir {
        let done = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(done.success());
        assert!(self.process.wait().unwrap().success());
        self.folder
    }

    /// Ends it as a crash would, and hands the folder on.
    pub fn kill(mut self) -> TempDir {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.folder
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_keyway")).args(arguments).arg("--data").arg(self.folder.path()).output().unwrap()
    }

    /// Runs a command with `--json` that must succeed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["version"], 1);
        value
    }

    /// The address after a word of the first screen, without its scheme.
    pub fn address(&self, word: &str) -> &str {
        let line = self.screen.lines().find(|line| line.trim().starts_with(word)).unwrap();
        line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap()
    }

    /// A request to the data listener: status and body.
    pub fn call(&self, token: &str, method: &str, target: &str, body: Option<&str>) -> (u16, Value) {
        http(self.address("data"), token, method, target, body)
    }
}

pub fn http(address: &str, token: &str, method: &str, target: &str, body: Option<&str>) -> (u16, Value) {
    let answer = sent(address, token, method, target, body);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// The head of the answer to a GET, in lower case.
pub fn head_of(address: &str, token: &str, target: &str) -> String {
    sent(address, token, "GET", target, None).split("\r\n\r\n").next().unwrap_or_default().to_lowercase()
}

fn sent(address: &str, token: &str, method: &str, target: &str, body: Option<&str>) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let body = body.unwrap_or_default();
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    write!(stream, "{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// One request to the admin listener; status, head and JSON body of its answer.
pub fn ask(keyway: &Keyway, token: Option<&str>, method: &str, path: &str, body: &Value) -> (u16, String, Value) {
    ask_with(keyway, token, method, path, body, "")
}

/// The same with further header lines, each with its end.
pub fn ask_with(keyway: &Keyway, token: Option<&str>, method: &str, path: &str, body: &Value, headers: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(keyway.address("admin")).unwrap();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}{authorization}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), serde_json::from_str(body).unwrap_or_default())
}
