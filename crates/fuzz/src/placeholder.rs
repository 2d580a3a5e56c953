//! Secrets in place of a seed's placeholders.

/// Replaces every `wanted` in the bytes. A seed holds a placeholder in place of each secret, and this puts in
/// the secret at run time.
pub(crate) fn replaced(bytes: &[u8], wanted: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(wanted.len()).position(|window| window == wanted) {
        out.extend([&rest[..at], by].concat());
        rest = &rest[at + wanted.len()..];
    }
    out.extend(rest);
    out
}
