//! From text to tree.

use super::lexer::{self, Token};
use super::tree::{Expr, Node};
use super::{Error, Position, Result};
use crate::limits;

/// # Errors
/// The first thing that is no expression, with its position and what was expected there.
pub fn parse(text: &str) -> Result<Expr> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), nodes: 0 };
    let expression = parser.expression(1)?;
    let (token, at) = parser.take();
    match token {
        Token::End => Ok(expression),
        other => Err(Error::new(at, format!("expected the end of the expression, found {}", other.shown()))),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(Token, Position)>>,
    nodes: usize,
}

impl Parser {
    fn take(&mut self) -> (Token, Position) {
        // The last token is `End`, which nothing takes and goes on.
        self.tokens.next().unwrap_or((Token::End, Position::default()))
    }

    fn next_is(&mut self, wanted: &Token) -> bool {
        self.tokens.peek().is_some_and(|(token, _)| token == wanted)
    }

    /// An operand, or two with a comparison between them.
    fn expression(&mut self, depth: usize) -> Result<Expr> {
        let left = self.operand(depth)?;
        let Some((Token::Compare(comparison), _)) = self.tokens.peek() else { return Ok(left) };
        let comparison = *comparison;
        self.take();
        let right = self.operand(depth)?;
        self.count(left.at)?;
        if let Some((Token::Compare(_), at)) = self.tokens.peek() {
            return Err(Error::new(*at, "one comparison compares two values; nest IIF for more conditions"));
        }
        let at = left.at;
        Ok(Expr { node: Node::Compare(comparison, Box::new(left), Box::new(right)), at })
    }

    fn operand(&mut self, depth: usize) -> Result<Expr> {
        let (token, at) = self.take();
        self.count(at)?;
        let node = match token {
            Token::Attribute(name) => Node::Attribute(name),
            Token::Text(text) => Node::Text(text),
            Token::Number(number) => Node::Number(number),
            Token::Hex(number) => Node::Hex(number),
            Token::Name(name) if self.next_is(&Token::Open) => {
                self.take();
                if depth > limits::EXPRESSION_DEPTH {
                    return Err(Error::new(
                        at,
                        format!("calls are nested deeper than {} levels", limits::EXPRESSION_DEPTH),
                    ));
                }
                let arguments = self.arguments(&name, at, depth)?;
                Node::Call(name, arguments)
            }
            Token::Name(name) => Node::Word(name),
            other => {
                return Err(Error::new(
                    at,
                    format!("expected a function, [attribute], \"text\" or number, found {}", other.shown()),
                ));
            }
        };
        Ok(Expr { node, at })
    }

    /// Behind the opening parenthesis. An empty slot is an argument left out.
    fn arguments(&mut self, name: &str, at: Position, depth: usize) -> Result<Vec<Option<Expr>>> {
        let mut arguments = Vec::new();
        if self.next_is(&Token::Close) {
            self.take();
            return Ok(arguments);
        }
        loop {
            let empty = self.next_is(&Token::Comma) || self.next_is(&Token::Close);
            arguments.push(if empty {
                self.count(at)?;
                None
            } else {
                Some(self.expression(depth + 1)?)
            });
            match self.take() {
                (Token::Comma, _) => {}
                (Token::Close, _) => return Ok(arguments),
                (Token::End, end) => {
                    return Err(Error::new(end, format!("expected \")\" to end the call of {name} at {at}")));
                }
                (other, here) => {
                    return Err(Error::new(
                        here,
                        format!("expected a comma or \")\" in the call of {name}, found {}", other.shown()),
                    ));
                }
            }
        }
    }

    fn count(&mut self, at: Position) -> Result<()> {
        self.nodes += 1;
        if self.nodes > limits::EXPRESSION_NODES {
            return Err(Error::new(
                at,
                format!("the expression has more than {} parts", limits::EXPRESSION_NODES),
            ));
        }
        Ok(())
    }
}
