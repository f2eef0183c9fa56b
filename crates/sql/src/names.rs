//! Names in SQL.

/// The longest name of an index. PostgreSQL cuts names at 63 bytes, silently.
const MAX_INDEX_NAME: usize = 60;

/// A name as SQL has it, whatever it holds: reserved words and quotes included.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of an index, which is of the whole database: `ix_room.owner`. A dot stands between the parts because names of models
/// and fields may have underscores in them and never dots, so that two indexes cannot get one name.
pub(crate) fn index_name(table: &str, columns: &[String], unique: bool) -> String {
    let kind = if unique { "ux" } else { "ix" };
    within_bounds(format!("{kind}_{table}.{}", columns.join(".")))
}

/// The name of the primary key of a table, where it needs one: `pk_room.id`.
pub(crate) fn primary_key_name(table: &str) -> String {
    within_bounds(format!("pk_{table}.id"))
}

/// The name of a constraint that holds new rows to what is not yet true of all: `nn_room.owner`.
pub(crate) fn required_name(table: &str, column: &str) -> String {
    within_bounds(format!("nn_{table}.{column}"))
}

/// A name that is too long is cut, and ends with what keeps it apart from others that begin alike.
fn within_bounds(name: String) -> String {
    if name.len() <= MAX_INDEX_NAME {
        return name;
    }
    let hash = format!("{:016x}", fnv1a(name.as_bytes()));
    let kept: String = name.chars().take(MAX_INDEX_NAME - hash.len() - 1).collect();
    format!("{kept}.{hash}")
}

/// The 64-bit FNV-1a hash: names must not change with the compiler's hasher.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quote("select"), "\"select\"");
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }

    fn name(table: &str, columns: &[&str], unique: bool) -> String {
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        index_name(table, &columns, unique)
    }

    #[test]
    fn indexes_are_named_by_what_they_cover() {
        assert_eq!(name("room", &["owner"], false), "ix_room.owner");
        assert_eq!(name("member", &["room", "user"], true), "ux_member.room.user");
        assert_ne!(name("room_member", &["user"], false), name("room", &["member_user"], false));
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = "a".repeat(50);
        let first = name(&long, &["first_of_two"], false);
        let second = name(&long, &["second_of_two"], false);
        assert_eq!((first.len(), second.len()), (60, 60));
        assert_ne!(first, second);
        assert_eq!(first, name(&long, &["first_of_two"], false));
    }
}
