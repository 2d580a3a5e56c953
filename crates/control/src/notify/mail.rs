//! Mail over SMTP.

use lettre::address::Address;
use lettre::message::{Mailbox, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde_json::Value;

use super::{ATTEMPT_TIME_MAX, message};
use crate::model::{Mail, MailTls};
use crate::tls;

/// Receivers of one channel.
const RECEIVERS_MAX: usize = 50;
/// Letters of a server's answer that are shown.
const ANSWER_MAX: usize = 200;

/// The address in what says who answers for an app: `ada@example.com`, or `Ada <ada@example.com>`.
pub(super) fn address(owner: &str) -> Option<String> {
    owner.trim().parse::<Mailbox>().ok().map(|mailbox| mailbox.email.to_string())
}

/// Whether mail can be sent so.
pub(super) fn check(mail: &Mail) -> Result<(), String> {
    let addresses = std::iter::once(&mail.from).chain(&mail.to);
    for one in addresses {
        one.parse::<Address>().map_err(|_| format!("{one} is not an e-mail address such as ops@example.com"))?;
    }
    if mail.to.len() > RECEIVERS_MAX {
        return Err(format!("mail has {RECEIVERS_MAX} receivers at most; use a list of your mail server"));
    }
    if mail.to.is_empty() {
        return Err("mail needs a receiver: name one with \"--to ADDRESS\"".to_owned());
    }
    Ok(())
}

/// Sends a message to the receiver that it names, or else to those of the channel.
pub(super) async fn send(mail: &Mail, id: &str, body: &Value) -> Result<String, String> {
    let parsed = |address: &str| address.parse::<Mailbox>().map_err(|_| format!("{address} is not an e-mail address"));
    let domain = mail.from.rsplit('@').next().unwrap_or("localhost");
    let mut builder = Message::builder()
        .from(parsed(&mail.from)?)
        .subject(message::subject(body))
        .message_id(Some(format!("<{id}@{domain}>")))
        .header(header::ContentType::TEXT_PLAIN);
    match body["to"].as_str() {
        Some(owner) => builder = builder.to(parsed(owner)?),
        None => {
            for to in &mail.to {
                builder = builder.to(parsed(to)?);
            }
        }
    }
    let message = builder.body(message::mail(body)).map_err(|error| format!("the mail cannot be written: {error}"))?;
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
        .port(mail.port)
        .timeout(Some(ATTEMPT_TIME_MAX))
        .tls(match mail.tls {
            MailTls::Implicit => Tls::Wrapper(parameters(&mail.host)?),
            MailTls::StartTls => Tls::Required(parameters(&mail.host)?),
            MailTls::Off => Tls::None,
        });
    if let Some((user, password)) = &mail.login {
        transport = transport.credentials(Credentials::new(user.clone(), password.expose().clone()));
    }
    match transport.build().send(message).await {
        Ok(answer) => Ok(format!("SMTP answer {}", answer.code())),
        Err(error) => Err(failed(&error)),
    }
}

/// The authorities of every other call that Keyway makes.
fn parameters(host: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    for one in tls::added() {
        builder = builder.add_root_certificate(Certificate::from_der(one.to_vec()).map_err(|error| error.to_string())?);
    }
    builder.build_rustls().map_err(|error| format!("TLS to {host} cannot be set up: {error}"))
}

fn failed(error: &lettre::transport::smtp::Error) -> String {
    let what = match error.status() {
        Some(code) => format!("the SMTP server answered {code}"),
        None if error.is_timeout() => "the SMTP server did not answer in time".to_owned(),
        None if error.is_tls() => "the SMTP server's TLS was refused".to_owned(),
        None => "the SMTP server cannot be reached, or does not speak as expected".to_owned(),
    };
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        causes.push(one.to_string());
        cause = one.source();
    }
    let why: String = causes.join(": ").chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(ANSWER_MAX).collect();
    if why.is_empty() { what } else { format!("{what}: {why}") }
}

#[cfg(test)]
mod tests;
