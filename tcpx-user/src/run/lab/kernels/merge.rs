//! Several lists in one: what all have stands once, and what only some have stands where it stands there.

/// An item, and which of the lists have it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Merged<T> {
    pub(super) item: T,
    /// Numbers of lists, rising.
    pub(super) of: Vec<usize>,
}

/// Puts lists together, each against what the ones before have come to.
pub(super) fn merge<T: PartialEq + Clone>(lists: &[Vec<T>]) -> Vec<Merged<T>> {
    let mut merged: Vec<Merged<T>> = Vec::new();
    for (n, list) in lists.iter().enumerate() {
        merged = two(merged, list, n);
    }
    merged
}

/// The longest common subsequence keeps its items together; of the rest, what was there comes first.
fn two<T: PartialEq + Clone>(merged: Vec<Merged<T>>, list: &[T], n: usize) -> Vec<Merged<T>> {
    let length = lengths(&merged, list);
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    let mut merged: Vec<Option<Merged<T>>> = merged.into_iter().map(Some).collect();
    while i < merged.len() || j < list.len() {
        let same = match (merged.get(i), list.get(j)) {
            (Some(Some(one)), Some(item)) => one.item == *item,
            _ => false,
        };
        if same {
            out.extend(merged[i].take().map(|mut one| {
                one.of.push(n);
                one
            }));
            (i, j) = (i + 1, j + 1);
        } else if j == list.len() || (i < merged.len() && length[i + 1][j] >= length[i][j + 1]) {
            out.extend(merged[i].take());
            i += 1;
        } else {
            out.push(Merged { item: list[j].clone(), of: vec![n] });
            j += 1;
        }
    }
    out
}

/// How much is common from there on.
fn lengths<T: PartialEq>(merged: &[Merged<T>], list: &[T]) -> Vec<Vec<usize>> {
    let mut length = vec![vec![0; list.len() + 1]; merged.len() + 1];
    for i in (0..merged.len()).rev() {
        for j in (0..list.len()).rev() {
            length[i][j] = if merged[i].item == list[j] {
                length[i + 1][j + 1] + 1
            } else {
                length[i + 1][j].max(length[i][j + 1])
            };
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(lists: &[&str]) -> String {
        let lists: Vec<Vec<char>> = lists.iter().map(|list| list.chars().collect()).collect();
        let each = merge(&lists).into_iter().map(|one| {
            let of: String = one.of.iter().map(ToString::to_string).collect();
            format!("{}{of}", one.item)
        });
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_all_have_stands_once_and_the_rest_in_its_place() {
        assert_eq!(told(&["abc", "abc"]), "a01 b01 c01");
        assert_eq!(told(&["abc", "axc"]), "a01 b0 x1 c01");
        assert_eq!(told(&["ac", "abc", "abcd"]), "a012 b12 c012 d2");
        assert_eq!(told(&["", "a"]), "a1");
    }

    proptest! {
        #[test]
        fn each_list_can_be_read_from_it(lists in proptest::collection::vec(proptest::collection::vec(0u8..4, 0..9), 1..4)) {
            let merged = merge(&lists);
            for (n, list) in lists.iter().enumerate() {
                let own: Vec<u8> = merged.iter().filter(|one| one.of.contains(&n)).map(|one| one.item).collect();
                prop_assert_eq!(&own, list);
            }
        }
    }
}
