//! What can be typed after `keyway portal webhook`.

use clap::Subcommand;

use super::super::consent::Consent;
use super::Expectation;

#[derive(Subcommand)]
pub enum Webhook {
    /// Send events to a URL; this replaces the app's earlier target
    Set {
        /// The app's ID or name
        app: String,
        /// Where they go, such as http://127.0.0.1:3000/webhooks
        #[arg(long, value_name = "URL")]
        to: String,
        /// The events that fire the webhook: contact.creation, contact.propertyChange:email, object.creation:0-1,
        /// object.propertyChange:0-1:email
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
    },
    /// List targets and subscriptions
    List,
    /// Remove an app's target and subscriptions
    Remove {
        /// The app's ID or name
        app: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Print what an app's webhooks are signed with; of an install it is its public app's client secret
    Secret {
        /// The app's ID or name
        app: String,
    },
    /// The last webhooks that were sent; with --expect exits 1 when they are not as many as that
    Deliveries {
        /// Of this app: its ID or name
        #[arg(long)]
        app: Option<String>,
        /// With such an event: contact.creation
        #[arg(long)]
        event: Option<String>,
        /// Whether the target took them (answered 2xx)
        #[arg(long, value_name = "true|false")]
        taken: Option<bool>,
        /// Those after this number
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
        #[command(flatten)]
        expectation: Expectation,
    },
}
