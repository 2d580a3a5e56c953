//! Keyed replacements. Under one key, the same value always gets the same replacement. Without the key, nobody can find a
//! value by trying values.

use crate::time::Timestamp;

/// The 32 letters of a replacement.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Letters after the first of a replaced word: 45 bits, so that a million words contain two equal ones once in 70 cases.
const WORD_LETTERS: usize = 9;
/// The longest text that is replaced word by word, in characters.
const SHORT_CHARS_MAX: usize = 64;
/// The most digits that are replaced by as many digits; longer numbers are replaced as a word.
const DIGITS_MAX: usize = 18;
/// Rounds of the permutation of digits.
const ROUNDS: u64 = 8;
/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The purpose of a replacement; the replacements of one value for two purposes have nothing in common.
#[derive(Clone, Copy)]
enum Purpose {
    Word = 1,
    Digits = 2,
    Stream = 3,
    Uuid = 4,
    Days = 5,
}

/// The key of one cassette or one seed. It is never written to a file.
#[derive(Clone)]
pub(super) struct Keyed([u8; 32]);

impl Keyed {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn hash(&self, purpose: Purpose, value: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[purpose as u8]).update(value);
        *hasher.finalize().as_bytes()
    }

    /// The replacement of a word, without regard to case: `x` and nine letters.
    pub(super) fn word(&self, value: &str) -> String {
        let hash = self.hash(Purpose::Word, value.to_lowercase().as_bytes());
        let letters = hash[..WORD_LETTERS].iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
        std::iter::once('x').chain(letters).collect()
    }

    /// The replacement of a text: word by word while it is short, else a word and filler text for the class of its length.
    pub(super) fn text(&self, value: &str) -> String {
        let chars = value.chars().count();
        if chars > SHORT_CHARS_MAX {
            let filling = match chars {
                0..=256 => 10,
                257..=4096 => 60,
                _ => 500,
            };
            return format!("{}{}", self.word(value), " text".repeat(filling));
        }
        let is_word = |char: char| char.is_alphanumeric() || char == '_' || !char.is_ascii();
        let (mut out, mut rest) = (String::new(), value);
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|char| is_word(char) != is_word(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            if is_word(first) {
                out.push_str(&self.run(run))
            } else {
                out.push_str(run)
            }
            rest = after;
        }
        out
    }

    /// The replacement of a name of letters, digits and underscores: it stays one word, however long.
    pub(super) fn name(&self, value: &str) -> String {
        if value.chars().count() > SHORT_CHARS_MAX { self.word(value) } else { self.text(value) }
    }

    /// A run of letters and digits.
    fn run(&self, run: &str) -> String {
        self.digits(run).unwrap_or_else(|| self.word(run))
    }

    /// The replacement of a number by as many digits. Different numbers get different ones: this is a permutation of all numbers
    /// of that length (a Feistel network, repeated until the result is in the range). None where the text is not such a number.
    pub(super) fn digits(&self, value: &str) -> Option<String> {
        let length = value.len();
        if !(1..=DIGITS_MAX).contains(&length) || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if length > 1 && value.starts_with('0') {
            return Some(self.stream(value));
        }
        let least = if length == 1 { 0 } else { 10_u64.pow(length as u32 - 1) };
        let size = 10_u64.pow(length as u32) - least;
        let half_bits = (u64::BITS - (size - 1).leading_zeros()).div_ceil(2);
        let mask = (1_u64 << half_bits) - 1;
        let mut number = value.parse::<u64>().ok()? - least;
        loop {
            let (mut left, mut right) = (number >> half_bits, number & mask);
            for round in 0..ROUNDS {
                let mut input = [0; 24];
                input[..8].copy_from_slice(&(length as u64).to_be_bytes());
                input[8..16].copy_from_slice(&round.to_be_bytes());
                input[16..].copy_from_slice(&right.to_be_bytes());
                (left, right) = (right, (left ^ first_u64(&self.hash(Purpose::Digits, &input))) & mask);
            }
            number = (left << half_bits) | right;
            if number < size {
                return Some((number + least).to_string());
            }
        }
    }

    /// Replaces every digit and keeps the rest: for telephone numbers and fractions.
    pub(super) fn stream(&self, value: &str) -> String {
        let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
        let hash = self.hash(Purpose::Stream, &digits);
        let mut at = 0;
        let replaced = value.chars().map(|char| match char {
            '0'..='9' => {
                at += 1;
                char::from(b'0' + hash[at % hash.len()] % 10)
            }
            '+' | '-' | '.' | '(' | ')' | '/' | ' ' => char,
            _ => 'x',
        });
        replaced.collect()
    }

    /// The replacement of a UUID.
    pub(super) fn uuid(&self, value: &str) -> String {
        let hash = self.hash(Purpose::Uuid, value.to_lowercase().as_bytes());
        let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// The replacement of an e-mail address, at a domain that nobody can own (RFC 2606).
    pub(super) fn email(&self, value: &str) -> String {
        match value.trim().rsplit_once('@') {
            Some((local, domain)) => format!("{}@{}", self.word(local), self.domain(domain)),
            None => self.text(value),
        }
    }

    /// The replacement of a domain, below `example.com`; the same for the domain of an address and of a company.
    pub(super) fn domain(&self, value: &str) -> String {
        let value = value.trim().trim_end_matches('.').to_lowercase();
        let (www, rest) = value.strip_prefix("www.").map_or(("", value.as_str()), |rest| ("www.", rest));
        format!("{www}{}.example.com", self.word(rest))
    }

    /// The replacement of a number, with the same size and sign; none where the text is not a number.
    pub(super) fn number(&self, value: &str) -> Option<String> {
        let (sign, rest) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
        let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
        let whole = self.digits(whole)?;
        match fraction {
            None => Some(format!("{sign}{whole}")),
            Some(fraction) if fraction.bytes().all(|byte| byte.is_ascii_digit()) && fraction.len() <= DIGITS_MAX => {
                Some(format!("{sign}{whole}.{}", self.stream(fraction)))
            }
            Some(_) => None,
        }
    }

    /// By how much dates are shifted: 52 to 1,075 weeks back, so that weekdays and order stay.
    fn shift_ms(&self) -> i64 {
        let weeks = 52 + (first_u64(&self.hash(Purpose::Days, b"")) & 1023) as i64;
        weeks * 7 * DAY_MS
    }

    /// A date or time in ISO 8601, or milliseconds since 1970, shifted; none where the text is neither.
    pub(super) fn date(&self, value: &str) -> Option<String> {
        if (11..=14).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some((value.parse::<i64>().ok()? - self.shift_ms()).to_string());
        }
        let bytes = value.as_bytes();
        let is_iso = (10..=40).contains(&bytes.len()) && bytes[4] == b'-' && bytes[7] == b'-';
        let moved = Timestamp::parse_iso(value).filter(|_| is_iso)?.plus_ms(-self.shift_ms());
        Some(if value.len() == 10 { moved.to_date() } else { moved.to_iso() })
    }
}

fn first_u64(hash: &[u8; 32]) -> u64 {
    u64::from_be_bytes(hash[..8].try_into().expect("a hash has 32 bytes"))
}
