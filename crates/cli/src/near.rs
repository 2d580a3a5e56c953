//! Names that are near to one that a person typed.

/// Up to three names that a person may have meant, the nearest first.
pub fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    /// Likeness by Jaro and Winkler, at the least.
    const LIKENESS_LEAST: f64 = 0.8;
    let small = typed.trim().to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| {
            let other = name.to_lowercase();
            let part = small.len() > 2 && (other.contains(&small) || small.contains(&other) && other.len() > 2);
            (strsim::jaro_winkler(&small, &other).max(if part { 0.9 } else { 0.0 }), name)
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS_LEAST)
        .collect();
    scored.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    scored.dedup_by_key(|(_, name)| *name);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_near_to_their_singular() {
        assert_eq!(nearest("MISSING_SCOPE", ["RATE_LIMITS", "MISSING_SCOPES", "CONFLICT"]), ["MISSING_SCOPES"]);
    }
}
