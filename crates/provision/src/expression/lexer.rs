//! The words of an expression, each with its position.

use super::tree::Comparison;
use super::{Error, Position, Result};
use crate::limits;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Attribute(String),
    Text(String),
    Number(i64),
    Hex(u64),
    Open,
    Close,
    Comma,
    Compare(Comparison),
    End,
}

impl Token {
    /// In words, for an error message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("the name {}", cut(name)),
            Self::Attribute(name) => format!("the attribute [{}]", cut(name)),
            Self::Text(text) => format!("the text \"{}\"", cut(text)),
            Self::Number(number) => format!("the number {number}"),
            Self::Hex(number) => format!("the number &H{number:X}"),
            Self::Open => "\"(\"".into(),
            Self::Close => "\")\"".into(),
            Self::Comma => "a comma".into(),
            Self::Compare(comparison) => format!("\"{}\"", comparison.as_str()),
            Self::End => "the end of the expression".into(),
        }
    }
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Position)>> {
    let length = text.chars().count();
    if length > limits::EXPRESSION_CHARS {
        return Err(Error::new(
            Position { offset: 0, line: 1, column: 1 },
            format!(
                "the expression is {length} characters long; at most {} are accepted",
                limits::EXPRESSION_CHARS
            ),
        ));
    }
    let mut lexer = Lexer { rest: text.chars().peekable(), at: Position { offset: 0, line: 1, column: 1 } };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let at = lexer.at;
        let token = lexer.token(at)?;
        let end = token == Token::End;
        tokens.push((token, at));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    at: Position,
}

impl Lexer<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.at.offset += 1;
        if c == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.take();
        }
        found
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.take();
        }
    }

    fn token(&mut self, at: Position) -> Result<Token> {
        let Some(c) = self.peek() else { return Ok(Token::End) };
        match c {
            '"' => self.text(at),
            '[' => self.attribute(at),
            '&' => self.hex(at),
            '-' | '0'..='9' => self.number(at),
            c if c.is_ascii_alphabetic() || c == '_' => Ok(Token::Name(self.word())),
            _ => {
                self.take();
                self.sign(c, at)
            }
        }
    }

    fn sign(&mut self, c: char, at: Position) -> Result<Token> {
        Ok(match c {
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '=' => Token::Compare(Comparison::Equal),
            '<' if self.take_if('>') => Token::Compare(Comparison::NotEqual),
            '<' if self.take_if('=') => Token::Compare(Comparison::LessOrEqual),
            '<' => Token::Compare(Comparison::Less),
            '>' if self.take_if('=') => Token::Compare(Comparison::GreaterOrEqual),
            '>' => Token::Compare(Comparison::Greater),
            '“' | '”' | '„' | '‘' | '’' | '\'' => {
                return Err(Error::new(at, format!("texts stand in straight quotes (\"), not in {c}")));
            }
            ']' => return Err(Error::new(at, "this \"]\" has no \"[\" before it")),
            c => return Err(Error::new(at, format!("\"{c}\" has no meaning here"))),
        })
    }

    /// `\"` and `\\` are the escapes; another backslash stands for itself, so that `\d` of a pattern survives.
    fn text(&mut self, at: Position) -> Result<Token> {
        self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(Error::new(at, "this text has no closing quote")),
                Some('"') => return Ok(Token::Text(text)),
                Some('\\') => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        self.take();
                        text.push(escaped);
                    }
                    _ => text.push('\\'),
                },
                Some(c) => text.push(c),
            }
        }
    }

    /// A SCIM path may stand for the name, so brackets nest: `[emails[type eq "work"].value]`.
    fn attribute(&mut self, at: Position) -> Result<Token> {
        self.take();
        let mut name = String::new();
        let mut depth = 1_u32;
        let mut in_text = false;
        while let Some(c) = self.take() {
            match c {
                '"' if depth > 1 => in_text = !in_text,
                '[' if !in_text => depth += 1,
                ']' if !in_text => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let trimmed = name.trim();
                return if trimmed.is_empty() {
                    Err(Error::new(at, "an attribute's name must stand between \"[\" and \"]\""))
                } else {
                    Ok(Token::Attribute(trimmed.to_owned()))
                };
            }
            name.push(c);
        }
        Err(Error::new(at, "this \"[\" has no \"]\" behind it"))
    }

    fn hex(&mut self, at: Position) -> Result<Token> {
        self.take();
        if !matches!(self.peek(), Some('H' | 'h')) {
            return Err(Error::new(
                at,
                "\"&\" begins a hexadecimal number (&HF); to put texts together use Append or Join",
            ));
        }
        self.take();
        let mut digits = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_alphanumeric) {
            digits.push(c);
            self.take();
        }
        u64::from_str_radix(&digits, 16).map(Token::Hex).map_err(|_| {
            Error::new(at, format!("&H{} is not a hexadecimal number of at most 64 bits", cut(&digits)))
        })
    }

    fn number(&mut self, at: Position) -> Result<Token> {
        let mut digits = String::new();
        if self.take_if('-') {
            digits.push('-');
        }
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '.') {
            digits.push(c);
            self.take();
        }
        digits.parse().map(Token::Number).map_err(|_| {
            Error::new(at, format!("{} is not a whole number; put other texts in quotes", cut(&digits)))
        })
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            word.push(c);
            self.take();
        }
        word
    }
}
