//! Characters that are not seen, or that change the order in which others are seen: two texts that differ only in them look
//! alike. An identifier has no use for them; a name may have.

/// Unicode's Bidi_Control: marks, embeddings, overrides and isolates.
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What no name that people give has a use for: it could forge a line of a log, or look like another name.
pub fn is_deceptive(c: char) -> bool {
    c.is_control() || is_bidi_control(c) || c == '\u{feff}'
}

/// The overrides among them: text behind one is shown in an order it does not have. No name is written with them.
pub fn is_bidi_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// Unicode's Default_Ignorable_Code_Point, the separators of lines and paragraphs, and the annotation marks: what is not seen
/// where it stands.
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_told_from_what_is_not() {
        for seen in "aZ0 .@-_'ßÉéØ山田Ω\u{0627}\u{05d0}\u{0e01}\u{0301}\u{093f}\u{00a0}".chars() {
            assert!(!is_unseen(seen) && !is_bidi_control(seen), "{seen:?}");
        }
        for unseen in
            "\u{ad}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{fe0f}\u{3164}\u{e0020}\u{2028}".chars()
        {
            assert!(is_unseen(unseen), "{unseen:?}");
        }
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            assert!(!is_bidi_override(c) || is_bidi_control(c), "{c:?}");
            assert!(!is_bidi_control(c) || is_unseen(c), "{c:?}");
        }
    }
}
