//! Sealed credentials: XChaCha20-Poly1305 with a key derived from the server's master key, bound to the row they lie in.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use scim_client::Secret;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Version of the form, then the nonce, then the sealed text.
const VERSION: u8 = 1;
const NONCE: usize = 24;

/// Seals and opens. A text that was moved to another row, or changed, does not open.
#[derive(Clone)]
pub struct Seal {
    cipher: XChaCha20Poly1305,
    /// For what is signed and not hidden: derived, so that it can never stand in for the other.
    signing: Hmac<Sha256>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

/// The row a secret belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub tenant: &'a str,
    pub application: &'a str,
    pub name: &'a str,
}

impl Place<'_> {
    /// Each part with its length first, so that no two places read alike.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for part in ["application_secret", self.tenant, self.application, self.name] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

impl Seal {
    pub fn new(key: &[u8; 32]) -> Self {
        let derived = keyed(key).chain_update("test tickets").finalize().into_bytes().into();
        Self { cipher: XChaCha20Poly1305::new(key.into()), signing: keyed(&derived) }
    }

    /// HMAC-SHA-256 over the parts, each with its length first.
    pub(crate) fn sign(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.signing.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// `nonce` is random; 192 bits of it never meet twice.
    ///
    /// # Errors
    /// Only for a text too long for the cipher.
    pub fn seal(&self, place: Place<'_>, secret: &Secret, nonce: [u8; NONCE]) -> Result<Vec<u8>, String> {
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &place.bytes() };
        let sealed =
            self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| "the secret is too long")?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// A number that belongs to these texts and that nobody without the key can tell: mappings draw random values from it, and
    /// draw the same ones each time they are computed for an object.
    pub fn seed(&self, parts: &[&str]) -> u64 {
        let signed = self.sign(&[&["random values"], parts].concat());
        signed.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// # Errors
    /// When it was sealed with another master key or for another row, or was changed.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, String> {
        let wrong = || {
            format!(
                "the stored {} cannot be opened: it was sealed with another master key; enter it again",
                place.name
            )
        };
        let (version, rest) = sealed.split_first().ok_or_else(wrong)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        if *version != VERSION {
            return Err(wrong());
        }
        let payload = Payload { msg: text, aad: &place.bytes() };
        let open = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| wrong())?;
        String::from_utf8(open).map(Secret::new).map_err(|_| wrong())
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of 32 bytes")
}

/// Equality in a time that does not depend on where the two differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { tenant: "t", application: "a", name: "SecretToken" };

    #[test]
    fn seeds_belong_to_their_texts_and_to_the_key() {
        let seed = |key: u8, parts: &[&str]| Seal::new(&[key; 32]).seed(parts);
        assert_eq!(seed(7, &["t", "a", "u"]), seed(7, &["t", "a", "u"]));
        let others = [
            seed(7, &["t", "a", "u"]),
            seed(8, &["t", "a", "u"]),
            seed(7, &["t", "a", "v"]),
            seed(7, &["t", "au"]),
            seed(7, &["ta", "u"]),
            0,
        ];
        for (at, one) in others.iter().enumerate() {
            assert!(!others[..at].contains(one), "{others:?}");
        }
    }

    #[test]
    fn opens_only_where_it_was_sealed() {
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.seal(PLACE, &Secret::new("hush"), [1; NONCE]).unwrap();
        assert_eq!(seal.open(PLACE, &sealed).unwrap().expose(), "hush");
        assert!(!sealed.windows(4).any(|w| w == b"hush"));
        for other in [
            Place { tenant: "u", ..PLACE },
            Place { application: "b", ..PLACE },
            Place { name: "Password", ..PLACE },
            // The same bytes in a row, cut elsewhere.
            Place { tenant: "ta", application: "", ..PLACE },
        ] {
            assert!(seal.open(other, &sealed).is_err(), "{other:?}");
        }
        assert!(Seal::new(&[8; 32]).open(PLACE, &sealed).is_err(), "another key");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal.open(PLACE, &changed).is_err(), "byte {at}");
        }
        for short in 0..sealed.len() {
            assert!(seal.open(PLACE, &sealed[..short]).is_err());
        }
    }
}
