//! What has to be so for a write to take effect.

use mainstay_engine::{Code, Error, OperationKind};

/// What has to be so for a write to take effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// What has to be of the record's version.
    pub if_match: IfMatch,
    /// That there is no record with the id yet.
    pub only_create: bool,
}

/// What is asked of the version of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing.
    #[default]
    Anything,
    /// That there is one.
    Exists,
    /// That it is this.
    Version(i64),
    /// That it is one of these.
    AnyOf(Vec<i64>),
}

impl IfMatch {
    /// The condition with at most one version: a list comes down to the one of them that the record has, so `current` is asked for it then.
    ///
    /// # Errors
    /// [`Code::VersionMismatch`] when the record has none of them, or is not there.
    pub(super) async fn narrowed(
        self,
        current: impl Future<Output = Result<i64, Error>>,
    ) -> Result<Self, Error> {
        let IfMatch::AnyOf(versions) = self else { return Ok(self) };
        match versions.as_slice() {
            [] => Err(mismatch()),
            [version] => Ok(IfMatch::Version(*version)),
            versions => {
                let current = current.await.map_err(|error| IfMatch::Exists.explain(error))?;
                versions.contains(&current).then_some(IfMatch::Version(current)).ok_or_else(mismatch)
            }
        }
    }

    /// The version that the record must have.
    pub(super) fn version(&self) -> Option<i64> {
        match self {
            IfMatch::Version(version) => Some(*version),
            IfMatch::Anything | IfMatch::Exists | IfMatch::AnyOf(_) => None,
        }
    }

    /// What it means under this condition that there is no record.
    pub(super) fn explain(&self, error: Error) -> Error {
        match self {
            IfMatch::Exists if error.code == Code::NotFound => mismatch(),
            _ => error,
        }
    }
}

/// The conditions that an operation keeps: those on the one record that it is about, while there can be one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Whether [`Conditions::if_match`] is.
    pub(crate) if_match: bool,
    /// Whether [`Conditions::only_create`] is.
    pub(crate) only_create: bool,
}

/// The conditions that an operation keeps.
pub(crate) fn kept(kind: OperationKind) -> Kept {
    match kind {
        OperationKind::Put => Kept { if_match: true, only_create: true },
        OperationKind::Update | OperationKind::Delete | OperationKind::Restore => {
            Kept { if_match: true, only_create: false }
        }
        _ => Kept::default(),
    }
}

/// Refuses a condition that the operation does not keep, rather than to pass it over.
///
/// # Errors
/// [`Code::InvalidParameter`].
pub(crate) fn check_kept(kind: OperationKind, conditions: &Conditions) -> Result<(), Error> {
    let kept = kept(kind);
    if conditions.if_match != IfMatch::Anything && !kept.if_match {
        return Err(invalid("this operation has no condition on a version"));
    }
    if conditions.only_create && !kept.only_create {
        return Err(invalid("this operation has no condition that there is no record"));
    }
    Ok(())
}

/// What it means where a record must not be replaced that there is one: the condition does not hold.
pub(super) fn explain_only_create(only_create: bool, error: Error) -> Error {
    match error.code {
        Code::AlreadyExists if only_create => Error { code: Code::VersionMismatch, ..error },
        _ => error,
    }
}

fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidParameter, message)
}

/// The error of a condition on a version that does not hold.
pub(crate) fn mismatch() -> Error {
    Error::new(Code::VersionMismatch, "there is no record with this version")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(versions: &[i64], current: i64, expected: Result<IfMatch, Code>) {
        let narrowed = IfMatch::AnyOf(versions.to_vec()).narrowed(async { Ok(current) }).await;
        assert_eq!(narrowed.map_err(|error| error.code), expected, "{versions:?}");
    }

    #[tokio::test]
    async fn a_list_comes_down_to_the_version_that_there_is() {
        check(&[3], 9, Ok(IfMatch::Version(3))).await;
        check(&[3, 4], 4, Ok(IfMatch::Version(4))).await;
        check(&[3, 4], 5, Err(Code::VersionMismatch)).await;
        check(&[], 3, Err(Code::VersionMismatch)).await;
    }

    #[test]
    fn no_condition_is_passed_over() {
        let version = Conditions { if_match: IfMatch::Version(1), only_create: false };
        let absent = Conditions { if_match: IfMatch::Anything, only_create: true };
        let check = |kind: OperationKind, conditions: &Conditions, expected: bool| {
            assert_eq!(check_kept(kind, conditions).is_ok(), expected, "{kind:?} {conditions:?}");
        };
        check(OperationKind::Update, &version, true);
        check(OperationKind::Update, &absent, false);
        check(OperationKind::Put, &absent, true);
        check(OperationKind::Create, &version, false);
        check(OperationKind::Create, &Conditions::default(), true);
    }
}
