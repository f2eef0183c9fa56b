//! The parser's tree, bounded before it is built.
//!
//! The `cel` crate's parser recurses along nesting, and its tree is dropped recursively. A text from a stranger is
//! therefore measured token by token first, without recursion and in one pass.

use crate::check::{Fault, code};
use crate::{MAX_DEPTH, MAX_SOURCE_BYTES};
use cel::IdedExpr;
use cel::parser::pratt_parser::{Lexer, Token, TokenKind};
use cel::parser::{ParseErrors, PrattParser};
use std::ops::Range;

/// Parses a text within the bounds.
///
/// # Errors
/// The first fault of syntax, length or depth; what follows the first is mostly its echo.
pub(crate) fn parse(source: &str) -> Result<IdedExpr, Fault> {
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("longer than {MAX_SOURCE_BYTES} bytes");
        return Err(fault(code::TOO_LONG, message, 0..source.len()));
    }
    check_nesting(&tokens(source)?)?;
    PrattParser::new().parse(source).map_err(|errors| first_fault(source, errors))
}

/// The tokens of a text, without whitespace and comments.
///
/// # Errors
/// The first character that begins no token, or the token that does not end.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.lex();
        match token.kind {
            TokenKind::TokEnd => return Ok(tokens),
            TokenKind::TokWhitespace | TokenKind::TokComment => {}
            TokenKind::TokError => {
                let message = lexer.get_error().map_or("not a token", |error| &error.message);
                return Err(fault(code::SYNTAX, message.to_owned(), on_characters(source, token)));
            }
            _ => tokens.push(token),
        }
    }
}

/// The closing bracket for an opening one.
pub(crate) fn closer(opener: TokenKind) -> Option<TokenKind> {
    match opener {
        TokenKind::TokLeftParen => Some(TokenKind::TokRightParen),
        TokenKind::TokLeftBracket => Some(TokenKind::TokRightBracket),
        TokenKind::TokLeftBrace => Some(TokenKind::TokRightBrace),
        _ => None,
    }
}

/// A bound from above of the depth that the tree has at a place: each operator or member access since the last separator may
/// nest once, each `?` once until the next comma, and brackets add to what is around them.
#[derive(Clone, Copy, Default)]
struct Depth {
    outside: usize,
    operators: usize,
    conditionals: usize,
}

impl Depth {
    fn total(self) -> usize {
        self.outside + self.operators + self.conditionals
    }

    fn inside(self) -> Self {
        Depth { outside: self.total() + 1, ..Depth::default() }
    }

    /// `&&` and `||` begin anew, since the parser balances their chains.
    fn after(self, kind: TokenKind) -> Self {
        use TokenKind::*;
        match kind {
            TokComma => Depth { operators: 0, conditionals: 0, ..self },
            TokQuestion => Depth { operators: 0, conditionals: self.conditionals + 1, ..self },
            TokColon | TokLogicalAnd | TokLogicalOr => Depth { operators: 0, ..self },
            TokDot | TokExclamation | TokMinus | TokPlus | TokAsterisk | TokSlash | TokPercent
            | TokEqualEqual | TokExclamationEqual | TokLess | TokLessEqual | TokGreater | TokGreaterEqual
            | TokIn | TokRightBracket | TokRightBrace => Depth { operators: self.operators + 1, ..self },
            _ => self,
        }
    }
}

fn check_nesting(tokens: &[Token]) -> Result<(), Fault> {
    let mut open: Vec<(Token, Depth)> = Vec::new();
    let mut depth = Depth::default();
    for token in tokens {
        if closer(token.kind).is_some() {
            open.push((*token, depth));
            depth = depth.inside();
        } else if is_closer(token.kind) {
            depth = match open.pop() {
                Some((opener, outside)) if closer(opener.kind) == Some(token.kind) => outside,
                _ => return Err(fault(code::SYNTAX, "nothing to close here".to_owned(), range(token))),
            };
        }
        depth = depth.after(token.kind);
        if depth.total() > MAX_DEPTH {
            return Err(fault(code::TOO_DEEP, format!("nested more than {MAX_DEPTH} deep"), range(token)));
        }
    }
    match open.pop() {
        Some((opener, _)) => Err(fault(code::SYNTAX, "never closed".to_owned(), range(&opener))),
        None => Ok(()),
    }
}

fn is_closer(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::TokRightParen | TokenKind::TokRightBracket | TokenKind::TokRightBrace)
}

fn range(token: &Token) -> Range<usize> {
    token.start..token.end
}

/// The lexer counts bytes, and may end a bad token within a character.
fn on_characters(source: &str, token: Token) -> Range<usize> {
    source.floor_char_boundary(token.start)..source.ceil_char_boundary(token.end)
}

fn first_fault(source: &str, errors: ParseErrors) -> Fault {
    let Some(error) = errors.errors.into_iter().next() else {
        return fault(code::SYNTAX, "not an expression".to_owned(), 0..source.len());
    };
    let marked = error.source_info.as_ref().and_then(|info| info.offset_for(error.expr_id));
    let span = match marked {
        Some((start, end)) => start as usize..end as usize,
        None => at_line_and_column(source, error.pos),
    };
    let message = error.msg.trim_start_matches("Syntax error: ");
    if message == "invalid argument to has() macro" {
        let hint = "`has` takes a member access, as `has(room.owner)`; of a bare name write `owner != null`";
        let message = "`has` does not take this".to_owned();
        return Fault { hint: Some(hint.to_owned()), ..fault(code::UNSUPPORTED, message, span) };
    }
    fault(code::SYNTAX, plain(message).to_owned(), span)
}

/// A message of the parser in the words of the rest.
fn plain(message: &str) -> &str {
    match message {
        "invalid int literal" => "the integer does not fit 64 bits, signed",
        "invalid double literal" => "the number is too large",
        other => other,
    }
}

/// The token at a place that the parser counts from 1, in bytes.
fn at_line_and_column(source: &str, (line, column): (isize, isize)) -> Range<usize> {
    let (Ok(line), Ok(column)) = (usize::try_from(line - 1), usize::try_from(column - 1)) else {
        return 0..source.len();
    };
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let tokens = tokens(source).unwrap_or_default();
    let token = tokens.iter().find(|token| token.start == before + column);
    token.map_or(0..source.len(), range)
}

fn fault(code: &'static str, message: String, span: Range<usize>) -> Fault {
    Fault { code, message, hint: None, span }
}
