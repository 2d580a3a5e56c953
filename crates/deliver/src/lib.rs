//! Deliveries to other services: new tokens to secret stores, and records of calls to a collector of OpenTelemetry.
//!
//! It decides nothing: it gets a token or a record, and the place that it is for. It knows no server and no app.

pub mod https;
pub mod otlp;
pub mod secrets;
