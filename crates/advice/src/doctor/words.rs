//! Words that mean a failure, in the languages of HubSpot's pages.

/// Beginnings and parts of words, in lower case.
const FAILURE: [&str; 115] = [
    "unknown argument",
    "unknown command",
    "returns false",
    "undefined method",
    "error",
    "fail",
    "exception",
    "traceback",
    "denied",
    "refused",
    "reject",
    "couldn't",
    "could not",
    "can't",
    "cannot",
    "can not",
    "unable",
    "invalid",
    "blocked",
    "mismatch",
    "unauthorized",
    "forbidden",
    "timeout",
    "timed out",
    "time-out",
    "insufficient",
    "expired",
    "doesn't",
    "does not",
    "not allowed",
    "not found",
    "not valid",
    "unexpected",
    "too many",
    "rate limit",
    "reached your",
    "econn",
    "enotfound",
    "etimedout",
    "hang up",
    "reset by peer",
    "not supported",
    "isn't available",
    "no longer",
    "missing",
    "hasn't been",
    "wrong",
    "not match",
    "http-code",
    "conflict",
    "is unknown",
    "already exists",
    "problem",
    "suspended",
    "too large",
    "too long",
    "violat",
    "don't have",
    "do not have",
    "need a super",
    "deactivated",
    "stopped after",
    "is required",
    "are required",
    "no such",
    "has reached",
    "exceeds",
    "unsupported",
    "unreachable",
    "already subscribed",
    "not yet supported",
    "must provide",
    // German, French, Spanish, Portuguese, Italian, Dutch, Norwegian, Swedish, Danish, Polish, Japanese, Chinese, Korean, Russian.
    "fehler",
    "ungültig",
    "fehlgeschlagen",
    "konnte nicht",
    "échec",
    "erreur",
    "invalide",
    "impossible",
    "no se pudo",
    "no válid",
    "não foi possível",
    "inválid",
    "impossibile",
    "non riuscit",
    "mislukt",
    "エラー",
    "失敗",
    "erro ",
    "erro:",
    "erro**",
    "falha",
    "falhou",
    "fallo",
    "falló",
    "no autorizado",
    "não autorizado",
    "non autorisé",
    "non autorizzato",
    "nicht autorisiert",
    "niet gevonden",
    "introuvable",
    "mislykte",
    "misslyck",
    "feil:",
    "fejl:",
    "fel:",
    "błąd",
    "nie powiodła",
    "错误",
    "失败",
    "오류",
    "실패",
    "ошибк",
];
/// Phrases with such a word that do not mean a failure.
const NONE: [&str; 18] = [
    "no error",
    "0 error",
    "without error",
    "errors: 0",
    "errors=0",
    "error_count=0",
    "\"errors\":0",
    "\"numerrors\":0",
    "error: null",
    "\"error\":null",
    "\"error\": null",
    "errors: []",
    "\"errors\":[]",
    "\"errors\": []",
    "0 failed",
    "failed: 0",
    "failed=0",
    "no failures",
];

/// Whether a text mentions a failure.
pub(super) fn speaks_of_failure(small: &str) -> bool {
    let has = |text: &str| FAILURE.iter().any(|word| text.contains(word));
    if !has(small) {
        return false;
    }
    if !NONE.iter().any(|phrase| small.contains(phrase)) {
        return true;
    }
    has(&NONE.iter().fold(small.to_owned(), |text, phrase| text.replace(phrase, " ")))
}

#[cfg(test)]
mod tests {
    use super::speaks_of_failure;

    #[test]
    fn d1_a_text_that_tells_of_no_failure_is_told_from_one_that_does() {
        for text in ["hello world", "synced 40 contacts, 0 errors", "{\"errors\": []}", "ok, failed: 0"] {
            assert!(!speaks_of_failure(text), "{text}");
        }
        for text in ["an error occurred", "0 errors, then: timed out", "l'autorisation a échoué: échec", "エラーが発生しました"]
        {
            assert!(speaks_of_failure(text), "{text}");
        }
    }
}
