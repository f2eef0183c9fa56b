//! "Did you mean" hints.

/// The candidate nearest to a misspelt name, as a hint, when it is at most two edits away.
pub(super) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= 2 && *candidate != name)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance < candidate.chars().count())
        .min();
    near.map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

/// The number of insertions, deletions and substitutions between two texts (Levenshtein's distance).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, candidates: &[&str], expected: Option<&str>) {
        let hint = expected.map(|candidate| format!("did you mean `{candidate}`?"));
        assert_eq!(did_you_mean(name, candidates.iter().copied()), hint, "{name} among {candidates:?}");
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        check("ownr", &["owner", "name"], Some("owner"));
        check("onwer", &["owner", "other"], Some("owner"));
        check("rooms", &["room", "roomy"], Some("room"));
    }

    #[test]
    fn a_far_name_is_not_suggested() {
        check("colour", &["owner", "name"], None);
        check("ab", &["xy"], None);
        check("x", &[], None);
    }
}
