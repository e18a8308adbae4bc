//! Signatures as the Standard Webhooks specification has them, so that a receiver can check them with any library for it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How secrets begin that are written in base64.
const PREFIX: &str = "whsec_";

/// What messages are signed with. Tells nobody what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey")
    }
}

impl SigningKey {
    /// Reads a secret: `whsec_` and base64, or any other text, which is taken as it is. `None` where nothing is left of it.
    #[must_use]
    pub fn parse(secret: &str) -> Option<Self> {
        let key = match secret.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => secret.as_bytes().to_vec(),
        };
        (!key.is_empty()).then_some(Self(key))
    }

    /// The header that vouches for a body: sent under this id at this second.
    pub(super) fn sign(&self, message_id: &str, seconds: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key may have any length");
        mac.update(format!("{message_id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_reference_implementations() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_only_where_it_says_so() {
        let key = |secret| SigningKey::parse(secret).map(|key| key.0);
        assert_eq!(key("whsec_aGk="), Some(b"hi".to_vec()));
        assert_eq!(key("aGk="), Some(b"aGk=".to_vec()));
        assert_eq!((key("whsec_!"), key("whsec_"), key("")), (None, None, None));
    }

    #[test]
    fn a_key_says_nothing_of_itself() {
        assert_eq!(format!("{:?}", SigningKey::parse("hunter2")), "Some(SigningKey)");
    }
}
