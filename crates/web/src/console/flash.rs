//! A message that is shown once, on the page a form leads to.

use percent_encoding::percent_decode_str;

use super::component::banner::Tone;
use super::link;

/// Longer messages would not fit a cookie.
const CHARACTERS: usize = 600;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flash {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

impl Flash {
    pub(crate) fn ok(text: impl Into<String>) -> Self {
        Self { tone: Tone::Ok, text: text.into() }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into() }
    }

    pub(super) fn to_cookie(&self) -> String {
        let text: String = self.text.chars().take(CHARACTERS).collect();
        format!("{}.{}", self.tone.class(), link::encoded(&text))
    }

    pub(super) fn from_cookie(value: &str) -> Option<Self> {
        let (tone, text) = value.split_once('.')?;
        let tone =
            [Tone::Info, Tone::Ok, Tone::Warn, Tone::Bad].into_iter().find(|known| known.class() == tone)?;
        let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
        Some(Self { tone, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_cookie() {
        let flash = Flash::ok("“Müller; <b>” created, 100 % done");
        assert_eq!(Flash::from_cookie(&flash.to_cookie()), Some(flash));
        assert_eq!(Flash::from_cookie("ok"), None);
        assert_eq!(Flash::from_cookie("loud.x"), None);
    }
}
