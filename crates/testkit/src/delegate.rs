//! Stores that stand before another one and do some things differently.

/// Those methods of a [`mainstay_ports::Store`] that only ask the store in the field that is named first.
///
/// ```
/// # use std::sync::Arc;
/// # use mainstay_ports::{Position, Store};
/// struct Deaf {
///     inner: Arc<dyn Store>,
/// }
///
/// impl Store for Deaf {
///     mainstay_testkit::delegate!(inner: transact, query, holds, changes, touched, position, is_shared, writable, wait_beyond, now, trim_feed);
///
///     fn heard(&self) -> Position {
///         Position { offset: 0, ..self.inner.heard() }
///     }
/// }
/// ```
///
/// The package needs `mainstay-ports`, `mainstay-expr` and `futures`.
#[macro_export]
macro_rules! delegate {
    ($inner:ident: $($method:ident),+) => { $($crate::delegate!(@$method $inner);)+ };
    (@transact $inner:ident) => {
        $crate::delegate!(@async $inner.transact(transaction: ::mainstay_ports::Transaction) -> ::mainstay_ports::Committed);
    };
    (@query $inner:ident) => {
        $crate::delegate!(@async $inner.query(query: ::mainstay_ports::Query) -> ::mainstay_ports::Page);
    };
    (@holds $inner:ident) => {
        $crate::delegate!(@async $inner.holds(closed: ::mainstay_expr::Predicate) -> bool);
    };
    (@changes $inner:ident) => {
        $crate::delegate!(@async $inner.changes(after: ::mainstay_ports::Position, limit: u32) -> ::mainstay_ports::Changes);
    };
    (@touched $inner:ident) => {
        fn touched<'a>(
            &'a self,
            models: &'a [::mainstay_expr::ModelId],
            after: ::mainstay_ports::Position,
        ) -> ::futures::future::BoxFuture<'a, Result<::mainstay_ports::Changes, ::mainstay_ports::StoreError>> {
            self.$inner.touched(models, after)
        }
    };
    (@position $inner:ident) => {
        $crate::delegate!(@async $inner.position() -> ::mainstay_ports::Position);
    };
    (@heard $inner:ident) => {
        fn heard(&self) -> ::mainstay_ports::Position {
            self.$inner.heard()
        }
    };
    (@is_shared $inner:ident) => {
        fn is_shared(&self) -> bool {
            self.$inner.is_shared()
        }
    };
    (@writable $inner:ident) => {
        $crate::delegate!(@async $inner.writable() -> ());
    };
    (@wait_beyond $inner:ident) => {
        fn wait_beyond(&self, position: ::mainstay_ports::Position) -> ::futures::future::BoxFuture<'_, ()> {
            self.$inner.wait_beyond(position)
        }
    };
    (@now $inner:ident) => {
        $crate::delegate!(@async $inner.now(here: i64) -> i64);
    };
    (@trim_feed $inner:ident) => {
        $crate::delegate!(@async $inner.trim_feed(before_micros: i64, max_bytes: u64) -> u64);
    };
    (@async $inner:ident.$method:ident($($name:ident: $type:ty),*) -> $answer:ty) => {
        fn $method(
            &self,
            $($name: $type),*
        ) -> ::futures::future::BoxFuture<'_, Result<$answer, ::mainstay_ports::StoreError>> {
            self.$inner.$method($($name),*)
        }
    };
}
