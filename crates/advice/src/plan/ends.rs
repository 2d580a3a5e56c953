//! End dates, and the integrations that each stops. The dates are those of `sunset`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Integration, Use, need};
use keyway_core::catalog::tables::SunsetRow;
use keyway_core::sunset;
use keyway_core::time::Timestamp;

/// Days ahead that count as urgent.
const URGENT_DAYS: i64 = 183;

/// Something that ends, and whom it stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// ISO date.
    pub date: Cow<'static, str>,
    /// What.
    pub what: Cow<'static, str>,
    /// What happens.
    pub effect: Cow<'static, str>,
    /// How firm the day is: `published`, `month only` or `inferred`.
    pub certainty: Cow<'static, str>,
    /// `past`, `soon` (within six months) or `later`, on the day of the plan.
    pub when: Cow<'static, str>,
    /// The apps that use it.
    pub apps: Vec<String>,
}

impl End {
    /// The date as HubSpot gives it: only the month where there is no day.
    pub fn shown_date(&self) -> String {
        match &*self.certainty {
            "month only" => format!("{} (no day is published)", self.date.get(..7).unwrap_or(&self.date)),
            "inferred" => format!("{} (inferred)", self.date),
            _ => self.date.clone().into_owned(),
        }
    }
}

/// The end date of a call.
pub(crate) fn of_use(one: &Use) -> Option<&'static SunsetRow> {
    if need::is_introspection(&one.operation) { None } else { sunset::of_path(&need::asked(one)) }
}

/// The end of the API key, where the integration uses one.
pub(crate) fn of_key(integration: &Integration) -> Option<&'static SunsetRow> {
    let keyed = integration.uses.iter().any(|one| one.auth == "hapikey") || integration.leaks.iter().any(|leak| leak.kind == "hapikey");
    keyed.then(|| sunset::of_auth("hapikey")).flatten()
}

pub(super) fn of(integrations: &[Integration], today: &str) -> Vec<End> {
    let mut found: BTreeMap<(&str, &str), (&'static SunsetRow, Vec<String>)> = BTreeMap::new();
    for integration in integrations {
        for row in integration.uses.iter().filter_map(of_use).chain(of_key(integration)) {
            let apps = &mut found.entry((row.date, row.what)).or_insert((row, Vec::new())).1;
            if !apps.contains(&integration.name) {
                apps.push(integration.name.clone());
            }
        }
    }
    found
        .into_values()
        .map(|(row, apps)| End {
            date: row.date.into(),
            what: row.what.into(),
            effect: row.effect.into(),
            certainty: row.certainty.into(),
            when: when(row.date, today).into(),
            apps,
        })
        .collect()
}

fn when(date: &str, today: &str) -> &'static str {
    let days = |date: &str| Some(Timestamp::parse_iso(date)?.as_ms() / 86_400_000);
    match (days(date), days(today)) {
        _ if date <= today => "past",
        (Some(then), Some(now)) if then - now <= URGENT_DAYS => "soon",
        _ => "later",
    }
}
