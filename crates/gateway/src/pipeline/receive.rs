//! Takes in a request's body, bounded in bytes and in time, one by one and all together.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Body;
use keyway_core::beside;
use keyway_core::catalog::{self, Operation};
use keyway_core::error_body::ErrorBody;
use keyway_core::form::{FormError, ImportForm};
use keyway_core::guards::BesidePath;
use keyway_core::refusal::Refusal;

use super::{Call, respond, weight};
use crate::arriving::Arriving;
use crate::held::{Budget, Charge, FREE_BYTES, Spent};
use crate::upstream::{BodyError, RequestBody, Stopped, Upload};

/// Largest body taken. A batch of a hundred records with long texts stays below it.
const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Largest file that an embedded account takes.
const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Largest body of a request for a token: some identifiers.
const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a question about a token, which anybody may ask.
const INTROSPECTION_BYTES_MAX: usize = 4 * 1024;
/// How long a client may take to send its body.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// An upload to a connected account is read whole up to here, and only then asks for its place in the
/// account's limits. What is longer goes on as it comes.
const UPLOAD_BYTES_WHOLE: usize = 256 * 1024;
/// From this length on, the limits are asked before the body is read, and once more after.
const LONG_BODY_BYTES: u64 = 64 * 1024;
/// The first allocation for a body that comes in several pieces.
const FIRST_BYTES: usize = 16 * 1024;

/// A body that was taken in.
pub(super) struct Taken {
    /// What goes on.
    pub body: RequestBody,
    /// All of it, where it is JSON; what an import's form asks for; nothing where there is none, or something else.
    pub json: Bytes,
    /// Whether it is an upload, which goes on unread.
    pub is_stream: bool,
}

/// Bytes of bodies that the data listener and the forward proxy hold together, of one app, and of callers
/// that are not known.
pub(super) const BODIES_BYTES_MAX: usize = 128 << 20;
pub(super) const APP_BODIES_BYTES_MAX: usize = 32 << 20;
pub(super) const UNKNOWN_BODIES_BYTES_MAX: usize = 16 << 20;

/// The body of a call to an embedded account, read whole.
pub(super) async fn body(head: &Parts, body: Arriving, call: &mut Call, budget: &Arc<Budget>) -> Result<Taken, ErrorBody> {
    check_coding(head)?;
    let file = call.operation.is_some_and(takes_file) && !body.is_end_stream() && check_type(head).is_err();
    let bytes =
        if file { whole_body(head, body, call, budget, FILE_BYTES_MAX).await? } else { json_body(head, body, call, budget).await? };
    if let Some(touched) = &mut call.touched {
        touched.body(&bytes);
    }
    let json = if file { Bytes::new() } else { bytes.clone() };
    Ok(Taken { body: Either::Left(Full::new(bytes)), json, is_stream: false })
}

/// The body of a call to a connected account. JSON is read whole, so that it can be sent again where that
/// is safe; of what HubSpot takes besides (file uploads), what is long goes on as it comes.
pub(super) async fn relayed_body(head: &Parts, body: Arriving, call: &mut Call, budget: &Arc<Budget>) -> Result<Taken, ErrorBody> {
    check_coding(head)?;
    if body.is_end_stream() || check_type(head).is_ok() {
        let bytes = json_body(head, body, call, budget).await?;
        if let Some(touched) = &mut call.touched {
            touched.body(&bytes);
        }
        return Ok(Taken { body: Either::Left(Full::new(bytes.clone())), json: bytes, is_stream: false });
    }
    // On the heap: uploads are few, and the state of every call would be larger.
    Box::pin(upload(head, body, call, budget)).await
}

async fn upload(head: &Parts, body: Arriving, call: &mut Call, budget: &Arc<Budget>) -> Result<Taken, ErrorBody> {
    call.bytes_in = body.size_hint().exact().unwrap_or(0);
    if let Some(touched) = &mut call.touched {
        touched.body_unread();
    }
    // The object types that an import writes stand in its form.
    let mut form = if names_types(call) { Some(ImportForm::new(content_type(head)).map_err(form_refused)?) } else { None };
    let mut body = Box::new(Upload::new(body));
    let (bytes, ended) = gather(&mut body, UPLOAD_BYTES_WHOLE, &mut Holding { call, budget }).await.map_err(Unread::error)?;
    let mut json = Bytes::new();
    if let Some(form) = &mut form {
        form.feed(&bytes).map_err(form_refused)?;
        json = Bytes::copy_from_slice(form.request().ok_or_else(|| form_refused(FormError::First))?);
        if ended {
            form.end().map_err(form_refused)?;
        }
    }
    if ended {
        call.bytes_in = bytes.len() as u64;
        return Ok(Taken { body: Either::Left(Full::new(bytes)), json, is_stream: true });
    }
    body.put_back(bytes);
    if let Some(form) = form {
        body.watch(form);
    }
    Ok(Taken { body: Either::Right(body), json, is_stream: true })
}

/// Whether a call is an import whose object types are to be checked.
fn names_types(call: &Call) -> bool {
    let checks = call.token.as_ref().is_some_and(|token| token.app.account.account.guards.beside_path == BesidePath::Refuse);
    checks && call.operation.is_some_and(beside::takes_form)
}

fn form_refused(error: FormError) -> ErrorBody {
    Refusal::ImportForm.error(format!("Keyway did not forward the import: {error}"))
}

/// Why an upload that was in progress was given up; nothing where this side did not give it up.
pub(super) fn given_up(stopped: &Stopped) -> Option<ErrorBody> {
    stopped.form().map(form_refused).or_else(|| stopped.is_slow().then(upload_too_slow))
}

/// Whether the limits are asked before a body is read: it is long, or of no known length.
pub(super) fn is_long(body: &Arriving) -> bool {
    body.size_hint().exact().is_none_or(|bytes| bytes > LONG_BODY_BYTES)
}

/// An upload: a new file, new bytes of one, a file of a theme, the rows of a HubDB table, or the files of an import.
fn takes_file(operation: &Operation) -> bool {
    let is_write = matches!(operation.method, catalog::Method::Post | catalog::Method::Put);
    let mut segments = operation.template.rsplit('/');
    let (last, before) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let is_import = operation.api == "CRM/Imports" && (last == "imports" || before == "imports");
    let is_theme = operation.api == "CMS/Source Code" && last == "{path}";
    let is_sheet = operation.api == "CMS/Hubdb" && last == "import";
    is_write && (is_import || is_theme || is_sheet || (operation.template.starts_with("/files/") && matches!(last, "files" | "{fileId}")))
}

/// The body of a request, which must be JSON where there is one.
async fn json_body(head: &Parts, body: Arriving, call: &mut Call, budget: &Arc<Budget>) -> Result<Bytes, ErrorBody> {
    let bytes = whole_body(head, body, call, budget, BODY_BYTES_MAX).await?;
    if !bytes.is_empty() {
        check_type(head)?;
    }
    if weight::is_too_heavy(&bytes) {
        return Err(Refusal::TooManyValues.error("Invalid input JSON: the body holds more objects, lists and values than one call may"));
    }
    Ok(bytes)
}

/// The body of a question about a token, asked by whoever holds it: one token.
pub(super) async fn introspection_body(head: &Parts, body: Arriving, call: &mut Call, budget: &Arc<Budget>) -> Result<Bytes, ErrorBody> {
    let bytes = whole_body(head, body, call, budget, INTROSPECTION_BYTES_MAX).await?;
    check_type(head)?;
    Ok(bytes)
}

/// The body of a request for a token, of whatever type.
pub(super) async fn small_body(head: &Parts, body: Arriving, call: &mut Call, budget: &Arc<Budget>) -> Result<Bytes, ErrorBody> {
    whole_body(head, body, call, budget, SMALL_BODY_BYTES_MAX).await
}

async fn whole_body(head: &Parts, mut body: Arriving, call: &mut Call, budget: &Arc<Budget>, most: usize) -> Result<Bytes, ErrorBody> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    check_length(head, most)?;
    let gathered = tokio::time::timeout(BODY_TIME_MAX, gather(&mut body, most, &mut Holding { call, budget })).await;
    let bytes = match gathered {
        Ok(Ok((bytes, _))) if bytes.len() > most => return Err(too_large(most)),
        Ok(Ok((bytes, _))) => bytes,
        Ok(Err(unread)) => return Err(unread.error()),
        Err(_) => return Err(too_slow("the request's body did not arrive in time")),
    };
    call.bytes_in = bytes.len() as u64;
    if let Some(taken) = &mut call.taken {
        taken.body = bytes.clone();
    }
    Ok(bytes)
}

/// Why a body was not read.
enum Unread {
    TooSlow,
    Broken,
    Spent(Spent),
}

impl From<hyper::Error> for Unread {
    fn from(_: hyper::Error) -> Self {
        Self::Broken
    }
}

impl From<BodyError> for Unread {
    fn from(error: BodyError) -> Self {
        if matches!(error, BodyError::TooSlow) { Self::TooSlow } else { Self::Broken }
    }
}

impl Unread {
    fn error(self) -> ErrorBody {
        match self {
            Self::TooSlow => upload_too_slow(),
            Self::Broken => Refusal::BodyBroken.error("the request's body could not be read"),
            Self::Spent(spent) => respond::bodies_spent(spent),
        }
    }
}

/// Whose bytes are counted, and where.
struct Holding<'a> {
    call: &'a mut Call,
    budget: &'a Arc<Budget>,
}

impl Holding<'_> {
    fn grow_to(&mut self, bytes: usize) -> Result<(), Unread> {
        if bytes <= FREE_BYTES {
            return Ok(());
        }
        let holder = self.call.token.as_ref().map(|token| token.app.app.id);
        let charge = self.call.charge.get_or_insert_with(|| Box::new(Charge::new(self.budget.clone(), holder)));
        charge.grow_to(bytes).map_err(Unread::Spent)
    }
}

/// Reads a body to its end, or until more than this many bytes came, and says whether it ended. A body of one
/// piece is not copied; of several, only what was counted is allocated.
async fn gather<B>(body: &mut B, most: usize, holding: &mut Holding<'_>) -> Result<(Bytes, bool), Unread>
where
    B: Body<Data = Bytes> + Unpin,
    Unread: From<B::Error>,
{
    let Some(first) = next(body).await? else { return Ok((Bytes::new(), true)) };
    holding.grow_to(first.len())?;
    if body.is_end_stream() {
        return Ok((first, true));
    }
    // On the heap: most bodies come in one piece.
    Box::pin(gather_pieces(first, body, most, holding)).await
}

async fn gather_pieces<B>(first: Bytes, body: &mut B, most: usize, holding: &mut Holding<'_>) -> Result<(Bytes, bool), Unread>
where
    B: Body<Data = Bytes> + Unpin,
    Unread: From<B::Error>,
{
    // As long as it will be, where that is known; nothing is set aside for what has not come.
    let expected = body.size_hint().exact().map_or(most, |rest| usize::try_from(rest).unwrap_or(most).saturating_add(first.len()));
    let mut whole = Vec::new();
    let mut piece = first;
    loop {
        let need = whole.len() + piece.len();
        if need > whole.capacity() {
            let capacity = FIRST_BYTES.max(2 * whole.capacity()).min(expected).max(need);
            holding.grow_to(capacity)?;
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(&piece);
        if whole.len() > most {
            return Ok((whole.into(), false));
        }
        match next(body).await? {
            Some(next) => piece = next,
            None => return Ok((whole.into(), true)),
        }
    }
}

/// The next bytes; none at the end.
async fn next<B>(body: &mut B) -> Result<Option<Bytes>, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// The client sent its upload below the least rate.
fn upload_too_slow() -> ErrorBody {
    too_slow("the request's body came too slowly: an upload must bring at least 10 KiB in 10 seconds")
}

fn too_slow(message: &str) -> ErrorBody {
    Refusal::BodyTooSlow.error(message)
}

/// Refused before a byte is read, where the client says how long it will be.
fn check_length(head: &Parts, most: usize) -> Result<(), ErrorBody> {
    let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) { Err(too_large(most)) } else { Ok(()) }
}

fn too_large(most: usize) -> ErrorBody {
    Refusal::BodyTooLarge.error(format!("the request's body is larger than {most} bytes"))
}

/// A body that is packed would go on as if it were not, since the header that says so stays here. Bodies in
/// chunks say so once (RFC 9112, section 6.1): whoever reads other codings differently sees another request.
fn check_coding(head: &Parts) -> Result<(), ErrorBody> {
    if let Some(coding) = head.headers.get(CONTENT_ENCODING).filter(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let coding = shown(coding.to_str().unwrap_or("an unknown coding"));
        return Err(Refusal::BodyEncoded.error(format!("the body must be sent without a Content-Encoding, not in {coding}")));
    }
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if chunked && codings.next().is_none() {
        Ok(())
    } else {
        Err(Refusal::TransferCoding.error("the only Transfer-Encoding is chunked, and it is named once"))
    }
}

fn content_type(head: &Parts) -> &str {
    head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn check_type(head: &Parts) -> Result<(), ErrorBody> {
    let essence = content_type(head).split(';').next().unwrap_or_default().trim();
    let json = essence.eq_ignore_ascii_case("application/json")
        || (essence.to_ascii_lowercase().starts_with("application/") && essence.to_ascii_lowercase().ends_with("+json"));
    if json { Ok(()) } else { Err(Refusal::NotJson.error(format!("the body must be application/json, not {}", shown(essence)))) }
}

/// A header's text, cut, for a message.
fn shown(text: &str) -> String {
    if text.is_empty() { "without a content type".to_owned() } else { text.chars().take(60).collect() }
}
