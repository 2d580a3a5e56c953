//! A text as a QR code (ISO/IEC 18004): authenticator apps read their key from it with a camera.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around a code, without which readers don't find it.
const QUIET: i32 = 4;

/// A code as one path of an SVG.
pub(super) struct Drawn {
    /// Width and height, with the quiet zone.
    pub side: i32,
    /// The dark modules, each one unit wide.
    pub path: String,
}

/// Draws a text; nothing where it is longer than a code can hold.
pub(super) fn draw(text: &str) -> Option<Drawn> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            // What is outside of the code is light.
            let dark = (x..).take_while(|x| code.get_module(*x, y)).count() as i32;
            if dark > 0 {
                path.push_str(&format!("M{} {}h{dark}v1h-{dark}z", x + QUIET, y + QUIET));
            }
            x += dark.max(1);
        }
    }
    Some(Drawn { side: code.size() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the path back: the dark modules by column and row.
    fn dark(drawn: &Drawn) -> Vec<(i32, i32)> {
        let run = |run: &str| {
            let (from, rest) = run.split_once('h').unwrap();
            let (x, y) = from.split_once(' ').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let width: i32 = rest.split('v').next().unwrap().parse().unwrap();
            (x..x + width).map(move |x| (x, y))
        };
        drawn.path.split('M').skip(1).flat_map(run).collect()
    }

    #[test]
    fn the_path_is_the_code_in_its_quiet_zone() {
        let text = "otpauth://totp/Keyway:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Keyway";
        let (drawn, code) = (draw(text).unwrap(), QrCode::encode_text(text, QrCodeEcc::Medium).unwrap());
        assert_eq!(drawn.side, code.size() + 8);
        let dark = dark(&drawn);
        for y in -QUIET..code.size() + QUIET {
            for x in -QUIET..code.size() + QUIET {
                assert_eq!(dark.contains(&(x + QUIET, y + QUIET)), code.get_module(x, y), "{x} {y}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_not_drawn() {
        assert!(draw(&"a".repeat(4_000)).is_none());
    }
}
