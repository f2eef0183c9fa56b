//! Where in the source a node of the tree is.
//!
//! The parser tells positions only along with an error. Filters are checked on each request and are mostly sound, so
//! they are parsed without; a faulty text is parsed once more with an error put behind it, which numbers its nodes alike.

use crate::parse::{closer, tokens};
use cel::IdedExpr;
use cel::common::ast::{Expr, SourceInfo};
use cel::parser::PrattParser;
use cel::parser::pratt_parser::{Token, TokenKind};
use std::ops::Range;
use std::sync::Arc;

/// Which part of a node to mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The last name in it: of a member access the member, of a call the function.
    Name,
}

/// A place in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    id: u64,
    part: Part,
}

impl Anchor {
    pub(crate) fn whole(expr: &IdedExpr) -> Self {
        Anchor { id: expr.id, part: Part::Whole }
    }

    pub(crate) fn name(expr: &IdedExpr) -> Self {
        Anchor { id: expr.id, part: Part::Name }
    }
}

/// The positions of the nodes of one source.
pub(crate) struct Positions<'a> {
    source: &'a str,
    root: &'a IdedExpr,
    info: Option<Arc<SourceInfo>>,
    tokens: Vec<Token>,
}

impl<'a> Positions<'a> {
    /// The positions in `source`, which `root` was parsed from.
    pub(crate) fn new(source: &'a str, root: &'a IdedExpr) -> Self {
        // The line break ends a comment that the source may end with.
        let failed = PrattParser::new().parse(&format!("{source}\n)"));
        let errors = failed.err().map(|errors| errors.errors).unwrap_or_default();
        let info = errors.into_iter().find_map(|error| error.source_info);
        Positions { source, root, info, tokens: tokens(source).unwrap_or_default() }
    }

    /// The bytes that an anchor marks; all of the source when its node is not there.
    pub(crate) fn span(&self, anchor: Anchor) -> Range<usize> {
        let span = find(self.root, anchor.id).and_then(|node| match anchor.part {
            Part::Whole => self.whole(node),
            Part::Name => self.name(node),
        });
        span.unwrap_or(0..self.source.len())
    }

    fn whole(&self, node: &IdedExpr) -> Option<Range<usize>> {
        let mut span = self.own(node);
        for child in children(node) {
            if let Some(inner) = self.whole(child) {
                span = Some(match span {
                    Some(outer) => outer.start.min(inner.start)..outer.end.max(inner.end),
                    None => inner,
                });
            }
        }
        span
    }

    /// From the node's token to the end of the name or the bracket that it begins.
    fn own(&self, node: &IdedExpr) -> Option<Range<usize>> {
        let index = self.token(node)?;
        let last = match self.tokens[index].kind {
            TokenKind::TokDot => index + 1,
            TokenKind::TokIdent => self.closing(index + 1).unwrap_or(index),
            _ => self.closing(index).unwrap_or(index),
        };
        let last = self.tokens.get(last).unwrap_or(&self.tokens[index]);
        // The sign of a negative literal is its token; the digits follow.
        let end = match (&node.expr, self.tokens.get(index + 1)) {
            (Expr::Literal(_), Some(digits)) if last.kind == TokenKind::TokMinus => digits.end,
            _ => last.end,
        };
        Some(self.tokens[index].start..end)
    }

    fn name(&self, node: &IdedExpr) -> Option<Range<usize>> {
        let index = self.token(node)?;
        let index = match (&node.expr, self.tokens[index].kind) {
            // The token of `has(x.y)` is `has`; the member is the last name within.
            (Expr::Select(select), TokenKind::TokIdent) if select.test => {
                let within = index..self.closing(index + 1)?;
                within.rev().find(|index| self.tokens[*index].kind == TokenKind::TokIdent)?
            }
            (_, TokenKind::TokDot) => index + 1,
            (_, TokenKind::TokLeftParen) => index.checked_sub(1)?,
            _ => index,
        };
        self.tokens.get(index).map(|token| token.start..token.end)
    }

    fn token(&self, node: &IdedExpr) -> Option<usize> {
        let (start, _) = self.info.as_ref()?.offset_for(node.id)?;
        self.tokens.binary_search_by_key(&(start as usize), |token| token.start).ok()
    }

    /// The bracket that closes the one at `index`, if there is one.
    fn closing(&self, index: usize) -> Option<usize> {
        closer(self.tokens.get(index)?.kind)?;
        let mut open = 0_usize;
        for (offset, token) in self.tokens[index..].iter().enumerate() {
            match token.kind {
                TokenKind::TokLeftParen | TokenKind::TokLeftBracket | TokenKind::TokLeftBrace => open += 1,
                TokenKind::TokRightParen | TokenKind::TokRightBracket | TokenKind::TokRightBrace => open -= 1,
                _ => {}
            }
            if open == 0 {
                return Some(index + offset);
            }
        }
        None
    }
}

fn find(node: &IdedExpr, id: u64) -> Option<&IdedExpr> {
    if node.id == id {
        return Some(node);
    }
    children(node).into_iter().find_map(|child| find(child, id))
}

/// The parts that the author wrote; what only a macro's expansion added is left out.
fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Comprehension(macro_call) => vec![&macro_call.iter_range, &macro_call.loop_step],
        _ => Vec::new(),
    }
}
