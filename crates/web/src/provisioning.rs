//! What the web front keeps of the provisioning service's work between two requests.
//!
//! | to … | see |
//! |---|---|
//! | create a configuration with the secret that was tested | [`tested`] |
//! | compute and apply plans in the background | [`plans`] |

pub(crate) mod plans;
pub(crate) mod tested;
