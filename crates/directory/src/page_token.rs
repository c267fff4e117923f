//! Where a page ended, as a text that a client carries and cannot change: for lists that are not SCIM queries.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use store::TenantId;

use crate::directory::Directory;
use crate::secret::same;

const SIGNATURE: usize = 16;

impl Directory {
    /// `about` is what the list is and what was asked of it; a token is worth nothing elsewhere.
    pub fn page_token(&self, tenant: &TenantId, about: &str, position: &str) -> String {
        let mut bytes = position.as_bytes().to_vec();
        bytes.extend_from_slice(&self.page_signature(tenant, about, position.as_bytes()));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position, if this tenant was given the token for this list.
    pub fn page_position(&self, tenant: &TenantId, about: &str, token: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (position, signature) = bytes.split_last_chunk::<SIGNATURE>()?;
        if !same(&self.page_signature(tenant, about, position), signature) {
            return None;
        }
        String::from_utf8(position.to_vec()).ok()
    }

    fn page_signature(&self, tenant: &TenantId, about: &str, position: &[u8]) -> [u8; SIGNATURE] {
        // Lengths first, so that no two lists make the same bytes; the label keeps them apart from cursors of queries.
        let mut message = b"page token".to_vec();
        for part in [tenant.as_str().as_bytes(), about.as_bytes(), position] {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        self.0.secrets.cursors.sign(&message).first_chunk().copied().unwrap_or_default()
    }
}
