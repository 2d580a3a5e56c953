//! The tasks that run beside the listeners, and their end.

use std::future::Future;

use tokio::task::JoinSet;

/// The background tasks of a server.
#[derive(Default)]
pub struct Tasks {
    finishing: JoinSet<()>,
    ending: JoinSet<()>,
}

impl Tasks {
    /// Runs a task that learns by itself that the server stops, and then finishes its work.
    pub fn that_finishes(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.finishing.spawn(task);
    }

    /// Runs a task that the server may cut off at any moment after the last call.
    pub fn that_is_cut_off(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.ending.spawn(task);
    }

    /// Waits for the tasks that finish, and cuts off the others.
    pub async fn end(mut self) {
        while self.finishing.join_next().await.is_some() {}
        self.ending.abort_all();
    }
}
