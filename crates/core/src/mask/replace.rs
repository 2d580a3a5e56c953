//! Keyed replacements: the same value gets the same replacement under one key, and nobody without the key can find
//! the value by trying values.

use crate::time::Timestamp;

/// Letters of a replacement; 32 of them.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Letters after the first of a replaced word: 45 bits, so that a million words have no two alike but once in 70.
const WORD_LETTERS: usize = 9;
/// Texts of up to this many characters are replaced word by word.
const SHORT_CHARS_MAX: usize = 64;
/// Longest digits that become as many digits; more are replaced as a word.
const DIGITS_MAX: usize = 18;
/// Rounds of the permutation of digits.
const ROUNDS: u64 = 8;
/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What a replacement is made for; two purposes of one value have nothing in common.
#[derive(Clone, Copy)]
enum Purpose {
    Word = 1,
    Digits = 2,
    Stream = 3,
    Uuid = 4,
    Days = 5,
}

/// The key of one cassette or one seed. It is never written.
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

    /// A word in place of another, without regard to case: `x` and nine letters.
    pub(super) fn word(&self, value: &str) -> String {
        let hash = self.hash(Purpose::Word, value.to_lowercase().as_bytes());
        let letters = hash[..WORD_LETTERS].iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
        std::iter::once('x').chain(letters).collect()
    }

    /// Text in place of text: word by word while it is short, then a word and filling of the class of its length.
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

    /// A name of letters, digits and lines in place of another: it stays one word, however long.
    pub(super) fn name(&self, value: &str) -> String {
        if value.chars().count() > SHORT_CHARS_MAX { self.word(value) } else { self.text(value) }
    }

    /// A run of letters and digits.
    fn run(&self, run: &str) -> String {
        self.digits(run).unwrap_or_else(|| self.word(run))
    }

    /// As many digits in place of digits. No two different ones get the same: this is a permutation of all numbers
    /// with so many digits (a Feistel network, walked until it stays in the range). None where it is no such number.
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

    /// Every digit replaced, all else as it is: telephone numbers, and fractions.
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

    /// A UUID in place of another.
    pub(super) fn uuid(&self, value: &str) -> String {
        let hash = self.hash(Purpose::Uuid, value.to_lowercase().as_bytes());
        let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// An e-mail address at a domain that nobody can own (RFC 2606), in place of another.
    pub(super) fn email(&self, value: &str) -> String {
        match value.trim().rsplit_once('@') {
            Some((local, domain)) => format!("{}@{}", self.word(local), self.domain(domain)),
            None => self.text(value),
        }
    }

    /// A domain below `example.com` in place of another; the same for the domain of an address and of a company.
    pub(super) fn domain(&self, value: &str) -> String {
        let value = value.trim().trim_end_matches('.').to_lowercase();
        let (www, rest) = value.strip_prefix("www.").map_or(("", value.as_str()), |rest| ("www.", rest));
        format!("{www}{}.example.com", self.word(rest))
    }

    /// A number in place of another, of the same size and sign; none where it is no number.
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

    /// How far moments are moved: back by 52 to 1,075 weeks, so that weekdays and order stay.
    fn shift_ms(&self) -> i64 {
        let weeks = 52 + (first_u64(&self.hash(Purpose::Days, b"")) & 1023) as i64;
        weeks * 7 * DAY_MS
    }

    /// A moment or day in ISO 8601, or milliseconds since 1970, moved; none where it is neither.
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
