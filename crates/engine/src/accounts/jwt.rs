//! Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037).
//!
//! Only what this program issues is accepted: the header has to be, byte for byte, the one that it writes, so there is no
//! algorithm to confuse and no key to choose.

use crate::{Code, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_ports::Keyring;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Signs access tokens and checks them.
pub(crate) struct TokenSigner {
    key: Ed25519KeyPair,
    key_id: String,
    /// The first part of every token.
    header: String,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The account.
    pub(crate) sub: Uuid,
    /// The session.
    pub(crate) sid: Uuid,
    /// The account's roles when the token was made, for other services; this program looks them up.
    pub(crate) roles: Vec<String>,
    /// When it was made, in seconds since 1970.
    pub(crate) iat: i64,
    /// When it ends, in seconds since 1970.
    pub(crate) exp: i64,
}

impl TokenSigner {
    pub(crate) fn new(keyring: &dyn Keyring) -> Result<Self, Error> {
        let failed = |what: String| Error::internal(format!("access token key: {what}"));
        let seed = keyring.secret("access-token", 32);
        let seed = seed.map_err(|error| Error::of_secret("access-token", &error))?;
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| failed(error.to_string()))?;
        let key_id = thumbprint(key.public_key().as_ref());
        let header = encode(json!({"alg": "EdDSA", "kid": key_id, "typ": "JWT"}).to_string().as_bytes());
        Ok(TokenSigner { key, key_id, header })
    }

    /// The token that says `claims`.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let payload = serde_json::to_vec(claims).map_err(|error| Error::internal(error.to_string()))?;
        let signed = format!("{}.{}", self.header, encode(&payload));
        let signature = encode(self.key.sign(signed.as_bytes()).as_ref());
        Ok(format!("{signed}.{signature}"))
    }

    /// What a token says, if it is ours and has not ended.
    pub(crate) fn verify(&self, token: &str, now_seconds: i64) -> Result<Claims, Error> {
        let claims = self.read(token).ok_or_else(invalid_token)?;
        if claims.exp <= now_seconds {
            return Err(Error::new(Code::InvalidToken, "the access token has expired"));
        }
        Ok(claims)
    }

    fn read(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if header != self.header {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = UnparsedPublicKey::new(&ED25519, self.key.public_key().as_ref());
        public.verify(signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    /// The public key as a JSON Web Key Set (RFC 7517), for services that check tokens themselves.
    pub(crate) fn key_set(&self) -> serde_json::Value {
        let public = encode(self.key.public_key().as_ref());
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": public, "kid": self.key_id, "alg": "EdDSA", "use": "sig",
        }]})
    }
}

/// The answer for a token that is not ours.
pub(super) fn invalid_token() -> Error {
    Error::new(Code::InvalidToken, "the access token is not valid")
}

/// The thumbprint of a key (RFC 7638): the SHA-256 of its required members in order.
fn thumbprint(public_key: &[u8]) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(public_key));
    encode(ring::digest::digest(&ring::digest::SHA256, members.as_bytes()).as_ref())
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct FixedKeys(u8);

    impl Keyring for FixedKeys {
        fn secret(&self, _: &str, size_bytes: usize) -> std::io::Result<Vec<u8>> {
            Ok(vec![self.0; size_bytes])
        }
    }

    fn claims() -> Claims {
        Claims {
            sub: Uuid::from_u128(1),
            sid: Uuid::from_u128(2),
            roles: vec!["admin".into()],
            iat: 100,
            exp: 200,
        }
    }

    fn check(token: &str, now_seconds: i64, expected: &Result<Claims, Code>) {
        let signer = TokenSigner::new(&FixedKeys(1)).unwrap();
        assert_eq!(&signer.verify(token, now_seconds).map_err(|error| error.code), expected, "{token}");
    }

    #[test]
    fn a_token_is_ours_alone_and_ends() {
        let token = TokenSigner::new(&FixedKeys(1)).unwrap().sign(&claims()).unwrap();
        check(&token, 150, &Ok(claims()));
        check(&token, 200, &Err(Code::InvalidToken));
        let foreign = TokenSigner::new(&FixedKeys(2)).unwrap().sign(&claims()).unwrap();
        check(&foreign, 150, &Err(Code::InvalidToken));
    }

    #[test]
    fn an_altered_token_is_refused() {
        let token = TokenSigner::new(&FixedKeys(1)).unwrap().sign(&claims()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let none = encode(br#"{"alg":"none","typ":"JWT"}"#);
        let other = encode(&serde_json::to_vec(&Claims { sub: Uuid::from_u128(9), ..claims() }).unwrap());
        for altered in [
            format!("{none}.{}.", parts[1]),
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{token}A"),
            String::new(),
            "..".to_owned(),
        ] {
            check(&altered, 150, &Err(Code::InvalidToken));
        }
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        // RFC 8037, appendix A.3.
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
