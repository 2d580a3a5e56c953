//! The objects of an embedded account: the whole state of the account in memory, and the operations of the CRM on it.
//!
//! Begin with [`state`] (what an account holds), then [`tx`] (a change to it), [`route`] (the meaning of a path) and
//! [`crm`] (the operations). The crate has no file, no lock, no thread and no clock: who calls holds the account, gives
//! the time, and stores the changes of a `Tx`.

pub mod call;
pub mod crm;
pub mod derived;
pub mod documents;
pub mod importing;
pub mod invalid;
pub mod items;
pub mod journal;
pub mod kind;
pub mod links;
mod lists;
mod moments;
mod notes;
pub mod options;
pub mod pipelines;
pub mod property;
pub mod record;
pub mod request;
pub mod restore;
pub mod route;
mod rules;
mod schema;
pub mod sensitive;
pub mod settle;
mod space;
mod stages;
pub mod state;
mod table;
pub mod tx;
pub mod value;
mod vocabulary;
mod wanted;
pub mod webhooks;
mod words;
pub mod work;

pub use notes::OfThread;
pub use vocabulary::vocabulary;
