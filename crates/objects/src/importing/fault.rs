//! An error in a row, with the words of HubSpot's `PublicImportError`.

use std::borrow::Cow;

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Characters of a cell that an error shows.
const CELL_CHARS_MAX: usize = 1_000;

/// An error of an import.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// HubSpot's type, such as `INVALID_EMAIL`.
    pub error_type: Cow<'static, str>,
    /// What is wrong, for people.
    pub message: String,
    /// The place of the file in the request.
    pub file: usize,
    /// The line in the file, from 1; 0 where the file as a whole is meant.
    pub line: u64,
    /// The column, from 0, and its text in this row.
    pub at: Option<(usize, String)>,
    /// The cells of the row.
    pub row: Vec<String>,
    /// The id of the object type.
    pub type_id: Option<String>,
}

/// Types that every version of the clients knows by name; the others go by their id alone.
const NAMED: [(&str, &str); 6] =
    [("0-1", "CONTACT"), ("0-2", "COMPANY"), ("0-3", "DEAL"), ("0-5", "TICKET"), ("0-7", "PRODUCT"), ("0-8", "LINE_ITEM")];

impl Fault {
    /// The error as the API shows it.
    pub fn shown(&self, import: &str, number: usize, now: Timestamp) -> Value {
        let mut error = json!({
            "id": format!("{import}{number:06}"), "createdAt": now.as_ms(), "errorType": self.error_type, "errorMessage": self.message,
            "sourceData": {
                "lineNumber": self.line, "fileId": file_id(import, self.file), "rowData": self.row, "additionalRowData": [],
                "containsEncryptedProperties": false,
            },
        });
        if let Some((column, value)) = &self.at {
            error["knownColumnNumber"] = json!(column);
            error["invalidValue"] = json!(value);
            error["invalidValueToDisplay"] = json!(value);
        }
        if let Some(type_id) = &self.type_id {
            error["objectTypeId"] = json!(type_id);
            if let Some((_, name)) = NAMED.iter().find(|(own, _)| own == type_id) {
                error["objectType"] = json!(name);
            }
        }
        error
    }
}

/// An error of a file as a whole, on line 0.
pub fn whole_file(error_type: &'static str, message: String, file: usize) -> Fault {
    Fault { error_type: error_type.into(), message, file, line: 0, at: None, row: Vec::new(), type_id: None }
}

/// A cell as an error shows it: the first of its characters.
pub fn cut(cell: &str) -> String {
    cell.char_indices().nth(CELL_CHARS_MAX).map_or(cell, |(end, _)| &cell[..end]).to_owned()
}

/// A file's id: the import's number and the file's place.
pub fn file_id(import: &str, file: usize) -> u64 {
    import.parse::<u64>().unwrap_or_default() * 10 + file as u64
}

/// The type of an error for what the engine refuses, and the property it is about.
pub fn refusal(refused: &ErrorBody) -> (&'static str, Option<&str>) {
    let detail = refused.errors.first();
    let property = detail.and_then(|detail| detail.context.get("propertyName")?.get(0)?.as_str());
    let error_type = match detail.and_then(|detail| detail.code.as_deref()) {
        Some("INVALID_EMAIL") => "INVALID_EMAIL",
        Some("INVALID_OPTION") => "INVALID_ENUMERATION_OPTION",
        Some("INVALID_INTEGER") => "COULD_NOT_PARSE_NUMBER",
        Some("INVALID_DATE") => "COULD_NOT_PARSE_DATE",
        Some("INVALID_STRING") => "COLUMN_TOO_LARGE",
        Some("INVALID_OWNER_ID") => "COULD_NOT_FIND_OWNER",
        Some("PROPERTY_DOESNT_EXIST") => "PROPERTY_DEFINITION_NOT_FOUND",
        Some("REQUIRED_PROPERTIES_MISSING") => "MISSING_REQUIRED_PROPERTY",
        Some("CONFLICTING_UNIQUE_VALUE") => "DUPLICATE_UNIQUE_PROPERTY_VALUE",
        Some("INVALID_VALUE") => "INVALID_CUSTOM_PROPERTY_VALIDATION",
        _ if refused.status == 409 => "DUPLICATE_ALTERNATE_ID",
        _ => "FAILED_VALIDATION",
    };
    (error_type, property)
}
