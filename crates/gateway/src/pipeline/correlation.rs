//! Correlation ids: version 7 UUIDs (RFC 9562, section 5.7), like HubSpot's own.

use std::cell::RefCell;

use keyway_core::time::Timestamp;

/// Random bytes fetched at once: one system call for some hundred ids.
const POOL_BYTES: usize = 4_000;

thread_local! {
    static POOL: RefCell<(usize, Vec<u8>)> = const { RefCell::new((0, Vec::new())) };
}

/// A new id.
pub(crate) fn new_id(now: Timestamp) -> String {
    let mut bytes = [0u8; 16];
    bytes[..6].copy_from_slice(&now.as_ms().to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&ten_random_bytes());
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const HEX: &[u8; 16] = b"0123456789abcdef";
    // Where each byte's two digits stand, with a hyphen before the bytes 4, 6, 8 and 10.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (place, byte) in PLACES.into_iter().zip(bytes) {
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 15)];
    }
    str::from_utf8(&text).unwrap_or_default().to_owned()
}

fn ten_random_bytes() -> [u8; 10] {
    POOL.with_borrow_mut(|(used, pool)| {
        if *used + 10 > pool.len() {
            pool.resize(POOL_BYTES, 0);
            // Ids must be unique, not secret: should the system have no randomness, the time and
            // what is left in the pool still tell calls apart.
            let _ = getrandom::fill(pool);
            *used = 0;
        }
        let mut ten = [0; 10];
        ten.copy_from_slice(&pool[*used..*used + 10]);
        *used += 10;
        ten
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_its_time_and_no_two_are_alike() {
        let ids: std::collections::HashSet<String> = (0..1_000).map(|_| new_id(Timestamp::from_ms(0x0199_aabb_ccdd))).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.starts_with("0199aabb-ccdd-7") && id.len() == 36));
    }
}
