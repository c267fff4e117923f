//! Styles and script without what only their authors read: comments, indentation, space that means nothing.

/// Characters of a style sheet around which space means nothing; after a colon it means nothing either.
const TIGHT: [char; 5] = ['{', '}', ';', ',', '>'];

pub(super) fn style(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut letters = source.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match quote {
            Some(open) => {
                out.push(letter);
                if letter == open {
                    quote = None;
                }
            }
            None if letter == '/' && letters.peek() == Some(&'*') => {
                letters.next();
                let mut before = ' ';
                for inside in letters.by_ref() {
                    if before == '*' && inside == '/' {
                        break;
                    }
                    before = inside;
                }
            }
            None if letter.is_ascii_whitespace() => {
                if !out.is_empty() && !out.ends_with(TIGHT) && !out.ends_with([' ', ':']) {
                    out.push(' ');
                }
            }
            None => {
                if TIGHT.contains(&letter) && out.ends_with(' ') {
                    out.pop();
                }
                if letter == '}' && out.ends_with(';') {
                    out.pop();
                }
                if matches!(letter, '"' | '\'') {
                    quote = Some(letter);
                }
                out.push(letter);
            }
        }
    }
    out
}

/// Line by line: the script has no text that goes over more than one.
pub(super) fn script(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_loses_comments_and_space_and_nothing_else() {
        for (source, expect) in [
            ("/* a */\na,\n  b > c {\n  color: red;\n}\n", "a,b>c{color:red}"),
            ("a :hover { b: c }", "a :hover{b:c}"),
            ("a { width: calc(100% - 2px); }", "a{width:calc(100% - 2px)}"),
            ("a::before { content: \"a ; /* b */ }\"; }", "a::before{content:\"a ; /* b */ }\"}"),
            ("a { b: url('x , y'); } /**/ c {}", "a{b:url('x , y')}c{}"),
            ("@media (max-width: 2px) { a .b { c: d } }", "@media (max-width:2px){a .b{c:d}}"),
        ] {
            assert_eq!(style(source), expect);
        }
    }

    #[test]
    fn a_script_loses_indentation_and_comments() {
        assert_eq!(script("// a\n  var b = 1; // c\n\n  d();\n"), "var b = 1; // c\nd();");
    }

    #[test]
    fn the_script_has_no_text_over_several_lines() {
        let source = include_str!("../../assets/muster.js");
        assert!(!source.contains('`') && !source.contains("\\\n"));
        assert!(!source.contains("/*"), "comments are of one line");
    }
}
