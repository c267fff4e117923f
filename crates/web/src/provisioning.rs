//! What the web front keeps of the provisioning service's work between two requests.
//!
//! | to … | see |
//! |---|---|
//! | create a configuration with the secret that was tested | [`tested`] |

pub(crate) mod tested;
