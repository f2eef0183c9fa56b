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

/// The number of insertions, deletions, substitutions and swaps of neighbours between two texts (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    // `rows[i][j]` is the distance between the first `i` and the first `j` characters.
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut least = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
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
