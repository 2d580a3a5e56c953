//! Tokens, and the messages of OAuth.

use keyway_core::token::{Shape, TokenKey, looks_like_ours, shape};
use keyway_oauth::server::access_token::AccessKey;
use keyway_oauth::server::client_auth::take_basic;
use keyway_oauth::server::grant::GrantType;
use keyway_oauth::server::refresh_token;
use keyway_oauth::{Params, pkce, redirect};

/// No bytes are a token of a key that made none, and a message that is refused says why.
pub fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(shape(&text) == Shape::Ours, looks_like_ours(&text), "two answers about {text:?}");
    let mut other = text.clone().into_owned();
    other.push('x');
    let key = TokenKey::new([3; 32]);
    assert!(key.hash(&text) != key.hash(&other), "two tokens with one hash");
    assert!(AccessKey::new([5; 32]).read(&text).is_none(), "a token that no key made is accepted");
    if let Some(named) = refresh_token::read(&text) {
        let _ = format!("{named:?}");
    }
    for read in [Params::from_form(bytes), Params::from_json(bytes)] {
        match read {
            Ok(mut params) => {
                let _ = take_basic(&text, &mut params);
                if let Err(refused) = GrantType::read(&params) {
                    assert!(!refused.to_json().to_string().is_empty());
                }
            }
            Err(refused) => assert!(!refused.to_json().to_string().is_empty()),
        }
    }
    if redirect::check(&text).is_ok() {
        let with = redirect::with_params(&text, &[("code", "a b&c"), ("state", &text)]);
        assert_eq!(redirect::authority(&with), redirect::authority(&text), "the code goes to another host");
    }
    if let Ok(challenge) = pkce::Challenge::parse(&text, Some("S256")) {
        assert!(!challenge.fits(&text), "a challenge is its own verifier");
    }
}
